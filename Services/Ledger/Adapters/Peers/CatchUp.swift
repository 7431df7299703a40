import LedgerCore
import LedgerProtocol
import Logging
import Model
import ServiceRuntime

/// Fetches final blocks from the other validators while this one is behind; it trusts their certificates
/// only.
struct CatchUp: Sendable {
    private static let restMilliseconds = 200
    private static let busyMilliseconds = 20
    private static let longestPauseMilliseconds = 2_000
    // How long a batch may take to be stored before others are asked; a slow store is no reason to ask more.
    private static let applyMilliseconds = 5_000

    let validator: Validator
    let network: NetworkView
    let client: PeerClient
    /// Where the others are reached now.
    let urls: @Sendable () -> [String]
    let metrics: LedgerMetrics
    let logger: Logger

    /// Runs until the task is cancelled.
    ///
    /// - Throws: what ended the validator.
    func run() async throws {
        var turn = 0
        var contradictions = Contradictions()
        var pause = Self.busyMilliseconds
        while !Task.isCancelled {
            let urls = urls()
            guard !urls.isEmpty, let target = await validator.catchUpTarget() else {
                try await Task.sleep(for: .milliseconds(Self.restMilliseconds))
                continue
            }
            // Each is asked in turn, so that no single one bears it or can hold it up.
            turn += 1
            do throws(PeerFault) {
                try await fetch(
                    from: urls[turn % urls.count], target: target, contradictions: &contradictions)
                pause = Self.busyMilliseconds
            } catch {
                switch error {
                case .busy: pause = Self.busyMilliseconds
                case .nothing, .failed: pause = min(pause * 2, Self.longestPauseMilliseconds)
                }
                try await Task.sleep(for: .milliseconds(pause))
            }
        }
    }

    private func fetch(
        from url: String, target: BlockHeight, contradictions: inout Contradictions
    ) async throws(PeerFault) {
        let next = await validator.chainHeight.next
        let count = min(target.value - min(target.value, next.value - 1), UInt64(BlockStore.answerBlocksMax))
        guard count > 0 else { return }
        var messages: [InboundMessage] = []
        var first: Verified<FinalBlock>?
        for bytes in try await client.blocks(from: next, count: Int(count), at: url) {
            guard let message = try? LedgerMessage(decoding: bytes),
                let inbound = network.verify(message), case .finalBlock(let block) = inbound
            else {
                metrics.refusedMessages.increment()
                // Behind a change of the validators it is only known after that change who they are.
                if first != nil { break }
                throw .failed
            }
            messages.append(inbound)
            first = first ?? block
        }
        guard let first, first.message.height == next else { throw .nothing }
        CrashPoint.blocksFetched.pass()
        metrics.fetchedBlocks.increment(by: Double(messages.count))
        let last = BlockHeight(next.value + UInt64(messages.count) - 1)
        // What ended the validator ends its other tasks too; this one is cancelled with them.
        guard (try? await validator.receive(messages)) != nil else { throw .failed }
        do throws(PeerFault) { try await waitUntilApplied(last) } catch {
            if await validator.chainHeight.next == next {
                await confront(first, givenBy: url, contradictions: &contradictions)
            }
            throw error
        }
    }

    /// A block with a genuine certificate that does not follow here was changed by its sender, unless so many
    /// gave the same one that an honest one is among them.
    private func confront(
        _ block: Verified<FinalBlock>, givenBy url: String, contradictions: inout Contradictions
    ) async {
        let content = Contradictions.content(of: block.message)
        let count = contradictions.note(content, at: block.message.height, by: url)
        logger.warning(
            "a final block does not follow here",
            metadata: ["height": "\(block.message.height)", "givers": "\(count)"])
        guard count > network.current.newest.faultMax else { return }
        // What ended the validator ends its other tasks too; this one is cancelled with them.
        try? await validator.confront(block)
    }

    private func waitUntilApplied(_ height: BlockHeight) async throws(PeerFault) {
        var waited = 0
        while await validator.chainHeight < height {
            guard waited < Self.applyMilliseconds, (try? await Task.sleep(for: .milliseconds(5))) != nil
            else {
                throw .failed
            }
            waited += 5
        }
    }
}
