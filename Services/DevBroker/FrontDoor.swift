import Foundation

/// Listens on a port that stays the same when the broker is started again, and hands connections on to it.
///
/// The broker's own port is chosen by the system. Clients learn it from the broker's answers and use it
/// directly; they come back here when it is gone, so only their first questions pass through.
struct FrontDoor {
    // Clients keep one idle connection each; a stack for copying bytes needs little.
    private static let stackBytes = 128 << 10
    private static let bufferBytes = 64 << 10

    private let listener: Int32
    private let brokerPort: Int

    /// Binds the port on the loopback interface.
    init(port: Int, brokerPort: Int) throws(DevBrokerFault) {
        self.brokerPort = brokerPort
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var isOn: Int32 = 1
        setsockopt(
            listener, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout.size(ofValue: isOn)))
        let isBound = Self.withLoopback(port) { bind(listener, $0, $1) == 0 }
        guard listener >= 0, isBound, listen(listener, SOMAXCONN) == 0 else {
            throw DevBrokerFault("port \(port) cannot be used: end the program that listens there")
        }
    }

    /// Takes connections until the process ends.
    func open() {
        Self.start { [listener, brokerPort] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else {
                    // Out of descriptors, most likely: others must close theirs first.
                    usleep(10_000)
                    continue
                }
                let broker = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                guard broker >= 0, Self.withLoopback(brokerPort, { connect(broker, $0, $1) == 0 }) else {
                    close(client)
                    if broker >= 0 { close(broker) }
                    continue
                }
                // Small requests and answers must not wait for each other's acknowledgement.
                for end in [client, broker] {
                    var isOn: Int32 = 1
                    setsockopt(
                        end, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn,
                        socklen_t(MemoryLayout.size(ofValue: isOn)))
                }
                Self.join(client, broker)
            }
        }
    }

    /// Copies both ways; the connection ends when either side ends it.
    private static func join(_ client: Int32, _ broker: Int32) {
        let done = DispatchGroup()
        for (from, to) in [(client, broker), (broker, client)] {
            done.enter()
            start {
                var buffer = [UInt8](repeating: 0, count: bufferBytes)
                copying: while true {
                    let count = read(from, &buffer, buffer.count)
                    guard count > 0 else { break }
                    var sent = 0
                    while sent < count {
                        let written = buffer.withUnsafeBytes { bytes in
                            send(
                                to, bytes.baseAddress.map { $0 + sent }, count - sent,
                                Int32(MSG_NOSIGNAL))
                        }
                        guard written > 0 else { break copying }
                        sent += written
                    }
                }
                shutdown(from, Int32(SHUT_RDWR))
                shutdown(to, Int32(SHUT_RDWR))
                done.leave()
            }
        }
        done.notify(queue: .global()) {
            close(client)
            close(broker)
        }
    }

    private static func start(_ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.stackSize = stackBytes
        thread.start()
    }

    private static func withLoopback<R>(
        _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
    ) -> R {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
