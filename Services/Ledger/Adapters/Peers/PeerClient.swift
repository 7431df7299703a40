import AsyncHTTPClient
import Cryptography
import LedgerCore
import LedgerProtocol
import Model
import NIOCore
import NIOHTTP1

/// Why another validator did not give what was asked of it.
enum PeerFault: Error {
    /// It says that it is at its limit; it may be asked again soon.
    case busy
    /// It does not hold what was asked for.
    case nothing
    /// It answered with something else, or not at all.
    case failed
}

/// Speaks HTTP to the other validators over kept connections, with little patience: what fails is sent or
/// asked again.
final class PeerClient: Sendable {
    // A validator in the same network answers in milliseconds; one that is away must cost nothing.
    private static let connectMilliseconds: Int64 = 500
    private static let requestSeconds: Int64 = 2
    private static let answerBytesMax = MessageBatch.bytesMax

    private let client: HTTPClient

    init() {
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .milliseconds(Self.connectMilliseconds)
        configuration.httpVersion = .http1Only
        configuration.redirectConfiguration = .disallow
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Sends messages to the validator at a base URL.
    ///
    /// - Throws: `PeerFault`.
    func post(_ messages: [[UInt8]], to url: String) async throws(PeerFault) {
        var request = HTTPClientRequest(url: url + "/messages")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/octet-stream")
        request.body = .bytes(ByteBuffer(bytes: MessageBatch.encode(messages)))
        _ = try await execute(request)
    }

    /// Fetches final blocks in order from a height on, as many as the validator gives at once.
    ///
    /// - Throws: `PeerFault`.
    func blocks(from height: BlockHeight, count: Int, at url: String) async throws(PeerFault) -> [[UInt8]] {
        let answer = try await execute(HTTPClientRequest(url: "\(url)/blocks?from=\(height)&count=\(count)"))
        do throws(DecodingFault) { return try MessageBatch.decode(answer) } catch { throw .failed }
    }

    /// Fetches the double votes that a validator keeps; their signatures are not verified.
    ///
    /// - Throws: `PeerFault`.
    func evidence(at url: String) async throws(PeerFault) -> [DoubleVote] {
        let answer = try await execute(HTTPClientRequest(url: url + "/evidence"))
        guard let elements = (try? JSONValue(parsing: answer))?["evidence"]?.array else { throw .failed }
        return elements.compactMap { element in
            let votes = ["firstVote", "secondVote"].compactMap { name in
                element[name]?.string.flatMap { Base64.decode($0) }.flatMap { try? Vote(decoding: $0) }
            }
            return votes.count == 2 ? DoubleVote(checking: votes[0], votes[1]) : nil
        }
    }

    func shutdown() async { try? await client.shutdown() }

    private func execute(_ request: HTTPClientRequest) async throws(PeerFault) -> [UInt8] {
        do {
            let response = try await client.execute(request, timeout: .seconds(Self.requestSeconds))
            let body = try await response.body.collect(upTo: Self.answerBytesMax)
            switch response.status.code {
            case 200..<300: return Array(body.readableBytesView)
            case 404: throw PeerFault.nothing
            case 429, 503: throw PeerFault.busy
            default: throw PeerFault.failed
            }
        } catch let fault as PeerFault {
            throw fault
        } catch {
            throw .failed
        }
    }
}
