import HTTPTypes
import Hummingbird
import NIOCore

extension Request {
    /// Whether the head announces a body.
    var hasBody: Bool {
        if headers.contains(.transferEncoding) { return true }
        return headers[.contentLength].map { $0 != "0" } ?? false
    }

    /// The most bytes that the body can come to before it is refused: what its head announces, or the limit.
    func bodyBytes(atMost bytesMax: Int) -> Int {
        guard hasBody else { return 0 }
        return min(headers[.contentLength].flatMap { Int($0) } ?? bytesMax, bytesMax)
    }

    /// Reads the whole body.
    ///
    /// - Throws: 413 as soon as more than the limit is announced or has arrived; 408 at the deadline;
    ///   the error of a broken connection as it is, which the server answers itself.
    func readBody(bytesMax: Int, deadline: ContinuousClock.Instant) async throws -> [UInt8] {
        guard hasBody else { return [] }
        let announcedCount = headers[.contentLength].flatMap { Int($0) }
        guard announcedCount ?? 0 <= bytesMax else { throw Self.tooLarge(bytesMax) }
        let outcome = await race(until: deadline) { [body] in
            var bytes: [UInt8] = []
            bytes.reserveCapacity(announcedCount ?? 0)
            for try await buffer in body {
                guard bytes.count + buffer.readableBytes <= bytesMax else { throw Self.tooLarge(bytesMax) }
                bytes.append(contentsOf: buffer.readableBytesView)
            }
            // A cancelled read ends like a complete one.
            try Task.checkCancellation()
            return bytes
        }
        if outcome.isLate {
            throw HTTPProblem(
                status: .requestTimeout, code: "request_timeout", message: "the body did not arrive in time")
        }
        do {
            return try outcome.result.get()
        } catch is CancellationError {
            throw HTTPProblem.unavailable("shutting_down", "the service is stopping; try again")
        }
    }

    private static func tooLarge(_ bytesMax: Int) -> HTTPProblem {
        .tooLarge("body_too_large", "send at most \(bytesMax) bytes here")
    }
}
