import Dispatch
import Glibc

/// Keeps the mock cluster's thread awake during a call that waits for it.
///
/// Of two wake-ups close together librdkafka 2.0 may lose the second; the thread then sleeps a whole
/// second, and the caller with it. A connection to the cluster's port wakes it too.
struct ClusterWaker {
    private let port: UInt16
    private static let pause = DispatchTimeInterval.milliseconds(5)

    /// Reads the port of the first `host:port`.
    init(_ bootstrapServers: String) {
        let first = bootstrapServers.prefix { $0 != "," }
        port = first.split(separator: ":").last.flatMap { UInt16($0) } ?? 0
    }

    func waking<R>(_ call: () -> R) -> R {
        let timer = DispatchSource.makeTimerSource(queue: .global())
        timer.schedule(deadline: .now() + Self.pause, repeating: Self.pause)
        timer.setEventHandler { [port] in Self.connect(to: port) }
        timer.activate()
        defer { timer.cancel() }
        return call()
    }

    private static func connect(to port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // Refused or not makes no difference: the attempt is the message.
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, length)
            }
        }
    }
}
