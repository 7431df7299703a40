import Cryptography
import Dispatch
import HTTPTypes
import LedgerCore
import LedgerProtocol
import Model
import ServiceRuntime
import Synchronization

/// What validators ask and tell each other over HTTP, and where operators bring submissions.
///
/// Everything that comes in is verified as what comes from the bus is: whoever may connect can cost time
/// only.
final class PeerRoutes: Sendable {
    // More at once would only wait for the one validator; whoever is turned away sends again.
    private static let batchesMax = 16
    private static let refusedMax = 8

    private let validator: Validator
    private let store: BlockStore
    private let network: NetworkView
    private let metrics: LedgerMetrics
    private let batchCount = Mutex(0)
    private let share = Mutex(BulkShare())

    init(validator: Validator, store: BlockStore, network: NetworkView, metrics: LedgerMetrics) {
        self.validator = validator
        self.store = store
        self.network = network
        self.metrics = metrics
    }

    var routes: [Route] {
        [
            .post("/messages", maxBodyBytes: MessageBatch.bytesMax) { request in
                try await self.messages(request)
            },
            .post("/submissions", maxBodyBytes: ProtocolLimits.recordBytesMax) { request in
                try await self.submission(request)
            },
            .get("/blocks") { request in try await self.blocks(request) },
        ]
    }

    private func messages(_ request: ServiceRequest) async throws -> ServiceResponse {
        let batch: [[UInt8]]
        do throws(DecodingFault) { batch = try MessageBatch.decode(request.body) } catch {
            throw HTTPProblem.badRequest("invalid_messages", "\(error)")
        }
        let isAdmitted = batchCount.withLock { count in
            guard count < Self.batchesMax else { return false }
            count += 1
            return true
        }
        guard isAdmitted else {
            throw HTTPProblem.unavailable("too_many_messages", "the validator is at its limit; try again")
        }
        defer { batchCount.withLock { $0 -= 1 } }
        let verified = verify(batch)
        guard !verified.isEmpty || batch.isEmpty else {
            throw HTTPProblem.forbidden(
                "unknown_sender", "none of the messages is signed by a validator or service of this network")
        }
        metrics.receivedPeerMessages.increment(by: Double(verified.count))
        do { try await validator.receive(verified) } catch {
            throw HTTPProblem.unavailable(
                "validator_ended", "the validator has stopped working", cause: "\(error)")
        }
        return .empty(.noContent)
    }

    /// Verifies messages until too many are not to be believed, so that nonsense costs its sender more.
    private func verify(_ batch: [[UInt8]]) -> [InboundMessage] {
        var verified: [InboundMessage] = []
        var refusedCount = 0
        for bytes in batch {
            guard let message = try? LedgerMessage(decoding: bytes), let inbound = network.verify(message),
                !inbound.isOfStranger
            else {
                metrics.refusedMessages.increment()
                refusedCount += 1
                if refusedCount == Self.refusedMax { break }
                continue
            }
            metrics.count(inbound)
            verified.append(inbound)
        }
        return verified
    }

    private func submission(_ request: ServiceRequest) async throws -> ServiceResponse {
        let submission: Submission
        do throws(DecodingFault) { submission = try Submission(decoding: request.body) } catch {
            throw HTTPProblem.badRequest("invalid_submission", "\(error)")
        }
        let verified: Verified<Submission>
        do throws(RefusalCode) { verified = try network.verifier.verify(submission) } catch {
            metrics.refusedMessages.increment()
            throw HTTPProblem.unprocessable("submission_refused", "\(error)")
        }
        switch try await validator.submit(verified) {
        case .held: return answer("held", submission)
        case .known: return answer("known", submission)
        case .final: return answer("final", submission)
        case .full:
            throw HTTPProblem.unavailable("no_room", "the validator holds all that it can; try again")
        case .refused(let code):
            throw HTTPProblem.unprocessable("submission_refused", "\(code)")
        }
    }

    private func answer(_ state: String, _ submission: Submission) -> ServiceResponse {
        .json(
            .accepted,
            [
                "state": .string(state), "hash": .string(submission.hash.hex),
                "sequence": .string(String(submission.sequence)),
            ])
    }

    private func blocks(_ request: ServiceRequest) async throws -> ServiceResponse {
        guard let from = try request.query("from").flatMap({ UInt64($0) }), from > 0, from <= Int64.max,
            let count = try UInt64(request.query("count") ?? "\(BlockStore.answerBlocksMax)"), count > 0
        else {
            throw HTTPProblem.badRequest(
                "invalid_range", "`from` is a height from 1, and `count`, if it is given, a number from 1")
        }
        guard share.withLock({ $0.begin(atMicroseconds: Self.now()) }) else {
            throw HTTPProblem.unavailable(
                "share_used", "old blocks are given only so fast; try again, or ask another validator")
        }
        defer { share.withLock { $0.end(atMicroseconds: Self.now()) } }
        let last = from - 1 + min(count, UInt64(BlockStore.answerBlocksMax))
        let blocks = try await store.finalBlocks(from: BlockHeight(from), through: BlockHeight(last))
        guard !blocks.isEmpty else {
            throw HTTPProblem.notFound("no_block", "there is no final block at this height yet")
        }
        return .bytes(MessageBatch.encode(blocks), contentType: "application/octet-stream")
    }

    private static func now() -> Int64 { Int64(DispatchTime.now().uptimeNanoseconds / 1_000) }
}

extension InboundMessage {
    /// Whether it is a submission that nobody of this network signed; the bus takes it to refuse it openly.
    fileprivate var isOfStranger: Bool {
        guard case .refused(_, let code) = self else { return false }
        return [.wrongNetwork, .unknownKey, .badSignature].contains(code)
    }
}
