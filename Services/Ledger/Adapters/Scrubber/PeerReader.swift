import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Reads what other validators serve; nothing of it is believed before it is verified.
package struct PeerReader: Sendable {
    private static let bytesMax = 2_000_000
    private static let patience = TimeAmount.seconds(2)

    private let peerCount: @Sendable () -> Int
    private let read: @Sendable (_ peer: Int, _ path: String) async -> [UInt8]?

    /// Reads by whatever means the caller has; nil is an answer that did not come or is none.
    package init(
        peerCount: Int, read: @escaping @Sendable (_ peer: Int, _ path: String) async -> [UInt8]?
    ) {
        self.peerCount = { peerCount }
        self.read = read
    }

    private init(
        urls: @escaping @Sendable () -> [String],
        read: @escaping @Sendable (_ peer: Int, _ path: String) async -> [UInt8]?
    ) {
        peerCount = { urls().count }
        self.read = read
    }

    /// Reads over HTTP from validators at the base URLs that are theirs when it reads.
    static func http(_ urls: @escaping @Sendable () -> [String]) -> PeerReader {
        PeerReader(urls: urls) { peer, path in
            let known = urls()
            guard known.indices.contains(peer) else { return nil }
            let request = HTTPClientRequest(url: known[peer] + path)
            guard let response = try? await HTTPClient.shared.execute(request, timeout: patience),
                response.status == .ok, let body = try? await response.body.collect(upTo: bytesMax)
            else { return nil }
            return [UInt8](body.readableBytesView)
        }
    }

    /// Asks one after another until an answer is what the caller takes.
    func first<Value: Sendable>(_ path: String, where take: ([UInt8]) -> Value?) async -> Value? {
        for peer in 0..<peerCount() {
            if let bytes = await read(peer, path), let value = take(bytes) { return value }
        }
        return nil
    }
}
