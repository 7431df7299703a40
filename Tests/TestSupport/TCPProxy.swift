import Foundation
import Glibc
import Synchronization

/// Stands between a client and a server on this machine, and delays or cuts what passes.
///
/// It may listen in another network namespace than the one in which it connects: a socket belongs to the
/// namespace of the thread that made it.
package final class TCPProxy: Sendable {
    /// Why a proxy could not be set up.
    package struct Fault: Error, CustomStringConvertible {
        /// One sentence.
        package let description: String
    }

    private struct State {
        var isCut = false
        var delayMilliseconds = 0
        var descriptors: Set<Int32> = []
        var isClosed = false
    }

    private final class Opening: Sendable {
        let result = Mutex<Result<(Int32, Int), Fault>?>(nil)
    }

    private static let bufferBytes = 64 << 10
    // <sched.h> has it as a macro that is not imported.
    private static let newNetwork: Int32 = 0x4000_0000

    /// The port it listens on.
    package let port: Int
    private let target: Int
    private let listener: Int32
    private let state = Mutex(State())

    /// Listens on a port of 127.0.0.1, 0 for one that the system chooses, and hands connections to another
    /// port of this process's own 127.0.0.1.
    ///
    /// - Throws: `Fault` when the port is taken or the namespace cannot be entered.
    package init(port: Int = 0, target: Int, namespace: String? = nil) throws(Fault) {
        let opening = Opening()
        // A thread of its own, which ends in the namespace that it entered.
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            let result = Result { () throws(Fault) in try Self.listen(port, namespace) }
            opening.result.withLock { $0 = result }
            done.signal()
        }
        thread.start()
        done.wait()
        guard let result = opening.result.withLock({ $0 }) else {
            throw Fault(description: "the proxy did not start")
        }
        (listener, self.port) = try result.get()
        self.target = target
        Thread.detachNewThread { [weak self, listener] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                guard let self else {
                    Glibc.close(client)
                    return
                }
                self.take(client)
            }
        }
    }

    /// Whether connections are ended, those that are open and those that come.
    package func setCut(_ isCut: Bool) {
        state.withLock { state in
            state.isCut = isCut
            if isCut { for descriptor in state.descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) } }
        }
    }

    /// Holds every piece of data back for so long, in both directions.
    package func setDelay(milliseconds: Int) { state.withLock { $0.delayMilliseconds = milliseconds } }

    /// Ends everything.
    package func close() {
        setCut(true)
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        if isFirst { shutdown(listener, Int32(SHUT_RDWR)) }
    }

    private func take(_ client: Int32) {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let isOpen =
            !state.withLock { $0.isCut } && Self.withLoopback(target) { connect(server, $0, $1) == 0 }
        guard isOpen else {
            Glibc.close(client)
            Glibc.close(server)
            return
        }
        state.withLock { state in
            state.descriptors.insert(client)
            state.descriptors.insert(server)
        }
        let done = DispatchGroup()
        for (from, to) in [(client, server), (server, client)] {
            done.enter()
            Thread.detachNewThread { [self] in
                copy(from, to)
                shutdown(from, Int32(SHUT_RDWR))
                shutdown(to, Int32(SHUT_RDWR))
                done.leave()
            }
        }
        done.notify(queue: .global()) { [self] in
            state.withLock { state in
                state.descriptors.remove(client)
                state.descriptors.remove(server)
            }
            Glibc.close(client)
            Glibc.close(server)
        }
    }

    private func copy(_ from: Int32, _ to: Int32) {
        var buffer = [UInt8](repeating: 0, count: Self.bufferBytes)
        while true {
            let count = read(from, &buffer, buffer.count)
            guard count > 0 else { return }
            let delay = state.withLock { $0.delayMilliseconds }
            if delay > 0 { usleep(UInt32(delay) * 1_000) }
            var sent = 0
            while sent < count {
                let written = buffer.withUnsafeBytes { bytes in
                    send(
                        to, bytes.baseAddress.map { $0 + sent }, count - sent,
                        Int32(MSG_NOSIGNAL))
                }
                guard written > 0 else { return }
                sent += written
            }
        }
    }

    /// Moves this thread into the network namespace of an open file.
    private static func enter(_ file: Int32) -> Int32 {
        // `setns` is declared for GNU sources only, so it is looked up by its name.
        typealias Call = @convention(c) (Int32, Int32) -> Int32
        guard let symbol = dlsym(nil, "setns") else { return -1 }
        return unsafeBitCast(symbol, to: Call.self)(file, newNetwork)
    }

    private static func listen(_ port: Int, _ namespace: String?) throws(Fault) -> (Int32, Int) {
        if let namespace {
            let file = open("/run/netns/\(namespace)", O_RDONLY | O_CLOEXEC)
            defer { Glibc.close(file) }
            guard file >= 0, enter(file) == 0 else {
                throw Fault(description: "the network namespace `\(namespace)` cannot be entered")
            }
        }
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var isOn: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout.size(ofValue: isOn)))
        guard withLoopback(port, { bind(listener, $0, $1) == 0 }), Glibc.listen(listener, SOMAXCONN) == 0
        else {
            Glibc.close(listener)
            throw Fault(description: "port \(port) of 127.0.0.1 is taken")
        }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = getsockname(listener, $0, &length)
            }
        }
        return (listener, Int(UInt16(bigEndian: address.sin_port)))
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
