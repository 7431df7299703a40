import Cryptography
package import LedgerProtocol
import Merkle
import Model

/// What is needed to find out why a validator computes another block than a quorum signed.
package struct Divergence: Hashable, Sendable {
    /// The block as the others gave it, with its certificate and submissions.
    package let finalBlock: FinalBlock
    /// The header that this validator computes from the same submissions.
    package let ownCheckpointText: String
    /// The chain before the block.
    package let head: ChainHead
    /// The rule that the block breaks here.
    package let fault: BlockFault

    /// Writes everything as lines of text; bytes are hexadecimal.
    ///
    /// - Parameter build: what tells this program from others, such as the hash of its file.
    package func report(build: String) -> String {
        let lines = [
            "consentry divergence report v1",
            "build \(build)",
            "network \(finalBlock.certificate.networkID.hex)",
            "height \(finalBlock.height)",
            "fault \(fault.rawValue)",
            "previous-hash \(head.hash.hex)",
            "previous-time \(head.time.milliseconds)",
            "previous-size \(head.tree.size)",
            "previous-frontier \(head.tree.hashes.map(\.hex).joined(separator: " "))",
            "signed-checkpoint \(Hex.encode([UInt8](finalBlock.checkpointText.utf8)))",
            "own-checkpoint \(Hex.encode([UInt8](ownCheckpointText.utf8)))",
            "block-entry \(Hex.encode(finalBlock.blockEntry.encoded))",
            "submissions \(finalBlock.submissions.map(\.hash.hex).joined(separator: " "))",
            "final-block \(Hex.encode(finalBlock.encoded))",
        ]
        return lines.map { $0 + "\n" }.joined()
    }
}

extension ValidatorCore {
    /// Takes a final block that more validators gave alike than may be faulty, and that did not follow here.
    ///
    /// When the reason is that this validator computes another header from the same submissions, it halts: it
    /// would go on refusing what the others decide, and nobody knows which of its own blocks are right.
    package mutating func confront(_ block: Verified<FinalBlock>, at now: Moment) -> [ValidatorAction] {
        let message = block.message
        guard message.height == chain.height.next else { return [] }
        do throws(BlockFault) {
            _ = try BlockRules.rebuild(
                entry: message.blockEntry, checkpointText: message.checkpointText,
                submissions: message.submissions, on: chain,
                nextSequence: { mempool.nextSequence(of: $0) })
            return receive([.finalBlock(block)], at: now)
        } catch {
            guard error == .wrongHeader || error == .wrongValidatorSet else { return [] }
            let next = try? GovernanceRules.nextState(
                after: message.submissions, on: chain.network, at: message.height)
            let own = BlockBuilder.build(
                on: chain, time: message.blockEntry.time, submissions: message.submissions,
                next: next ?? chain.network)
            divergence = Divergence(
                finalBlock: message, ownCheckpointText: own.checkpointText, head: chain, fault: error)
            return [.halt(.divergedFromQuorum)]
        }
    }
}
