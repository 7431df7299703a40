import Dispatch
import Glibc

/// Speaks HTTP/1.1 byte by byte, so that tests can send what no client library would.
enum LoopbackClient {
    struct Reply: Sendable {
        let status: Int
        let head: String
        let body: String
    }

    struct SocketFault: Error { let step: String }

    /// Sends the parts with a pause between them and reads until the server closes the connection.
    static func exchange(port: Int, _ parts: [String], pauseMilliseconds: Int = 0) async throws -> Reply {
        try await withCheckedThrowingContinuation { continuation in
            // The calls block, which Swift's own threads must not.
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result { try blockingExchange(port, parts, pauseMilliseconds: pauseMilliseconds) })
            }
        }
    }

    /// Writes a whole request that asks the server to close the connection afterwards.
    static func request(
        _ method: String, _ target: String, headers: [String] = [], body: String? = nil
    ) -> String {
        let length = body.map { ["Content-Length: \($0.utf8.count)"] } ?? []
        let lines =
            ["\(method) \(target) HTTP/1.1", "Host: localhost", "Connection: close"] + headers + length
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")
    }

    private static func blockingExchange(_ port: Int, _ parts: [String], pauseMilliseconds: Int) throws
        -> Reply
    {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw SocketFault(step: "socket") }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw SocketFault(step: "connect") }
        for (index, part) in parts.enumerated() {
            if index > 0 { usleep(UInt32(pauseMilliseconds) * 1_000) }
            let bytes = Array(part.utf8)
            _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }
        return try readReply(descriptor)
    }

    private static func readReply(_ descriptor: Int32) throws -> Reply {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 || (count < 0 && errno == ECONNRESET && !bytes.isEmpty) { break }
            guard count > 0 else { throw SocketFault(step: "receive") }
            bytes += buffer[..<count]
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n"), let status = Int(text.dropFirst(9).prefix(3)) else {
            throw SocketFault(step: "parse")
        }
        return Reply(
            status: status, head: String(text[..<end.lowerBound]), body: String(text[end.upperBound...]))
    }
}
