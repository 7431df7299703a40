import Model
import NIOCore

/// Gives the server's own refusal of what is no HTTP request the one error form of the suite.
///
/// Such bytes never become a request, so no route can answer them: the server writes a bare head. The
/// services' own answers always carry more fields, so this exact head is the server's alone.
final class MalformedRequestAnswer: ChannelOutboundHandler, Sendable {
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private static let bareHead = Array(
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".utf8)

    private let answer: [UInt8]

    init(limits: ServiceLimits) {
        let message =
            "the bytes are no HTTP/1.1 request with a header of at most \(limits.headerBytesMax) bytes and "
            + "\(limits.headerCountMax) fields; correct them"
        let response = HTTPProblem.badRequest("malformed_request", message).response(forPath: "")
        let fields = [
            "HTTP/1.1 400 Bad Request", "Connection: close", "Content-Length: \(response.body.count)",
            "Content-Type: application/json", "Cache-Control: no-store", "X-Content-Type-Options: nosniff",
        ]
        answer = Array((fields.joined(separator: "\r\n") + "\r\n\r\n").utf8) + response.body
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .byteBuffer(let buffer) = Self.unwrapOutboundIn(data),
            buffer.readableBytesView.elementsEqual(Self.bareHead)
        else { return context.write(data, promise: promise) }
        context.write(Self.wrapOutboundOut(.byteBuffer(ByteBuffer(bytes: answer))), promise: promise)
    }
}

/// Puts ``MalformedRequestAnswer`` where bytes leave; the server itself adds handlers of messages only.
final class MalformedRequestAnswerInstaller: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = NIOAny

    private let limits: ServiceLimits

    init(limits: ServiceLimits) { self.limits = limits }

    func handlerAdded(context: ChannelHandlerContext) {
        // It fails only in a channel that is closing, where nobody is answered any more.
        try? context.pipeline.syncOperations.addHandler(
            MalformedRequestAnswer(limits: limits), position: .first)
    }
}
