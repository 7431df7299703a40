import Cryptography
import LedgerCore
import LedgerProtocol
import Model
import TransparencyLog

/// What a Byzantine validator sends unasked.
extension Adversary {
    /// The service whose key a Byzantine validator may share; nobody waits for what it submits.
    static let evilService = ServiceName.notification

    mutating func flood(_ view: View) -> [Dispatch] {
        let height = view.core.agreement.height.value
        let round = view.core.agreement.round
        var dispatches: [Dispatch] = (0..<6).map { number in
            let ahead = UInt64.random(in: 0...4, using: &numbers)
            let far = UInt32.random(in: 1...1_000_000, using: &numbers)
            let vote = vote(
                number % 2 == 0 ? .prevote : .precommit, height: BlockHeight(height + ahead),
                round: ahead == 0 ? round + far : far % 3, randomDigest())
            return Dispatch(vote.encoded)
        }
        // Its next turns in this height, long before they come.
        let count = UInt32(network.keys.count)
        for ahead in 1...count * 3
        where network.state.proposer(height: BlockHeight(height), round: round + ahead) == own {
            let time = view.core.chain.time.advanced(byMilliseconds: Int64(ahead))
            let block = BlockBuilder.build(
                on: view.core.chain, time: time, submissions: [], next: network.genesis.initial)
            if let proposal = make(block, round: round + ahead, validRound: nil, prevotes: []) {
                dispatches.append(Dispatch(proposal.encoded))
            }
        }
        return dispatches
    }

    mutating func lie(_ view: View) -> [Dispatch] {
        let height = view.core.agreement.height.value
        let heights = [1, height, height + 1, height + 5, height + 100_000]
        let claimed = BlockHeight(heights.randomElement(using: &numbers) ?? 1)
        let status = HeightStatus.make(
            networkID: networkID, validator: own, height: claimed, signer: signer)
        var dispatches = [Dispatch(status.encoded)]
        guard let commit = view.commits.suffix(4).randomElement(using: &numbers) else { return dispatches }
        let block = commit.finalBlock
        let forgeries = [
            // Without its submissions, with its own signature for everybody's, and moved one height on.
            FinalBlock(
                blockEntry: block.blockEntry, checkpointText: block.checkpointText,
                certificate: block.certificate, submissions: []),
            FinalBlock(
                blockEntry: block.blockEntry, checkpointText: block.checkpointText,
                certificate: forged(block.certificate, height: block.height), submissions: block.submissions),
            moved(block, to: BlockHeight(height)),
        ]
        if let forgery = forgeries.randomElement(using: &numbers) {
            dispatches.append(Dispatch(forgery.encoded))
        }
        return dispatches
    }

    mutating func cosignOthers(_ view: View) -> [Dispatch] {
        let height = view.core.agreement.height.value
        let text = Checkpoint(
            origin: network.state.origin, size: height * 2, root: randomDigest()
        ).text
        let place = BlockHeight(UInt64.random(in: max(1, height - 1)...height + 2, using: &numbers))
        let message = CosignatureMessage(
            networkID: networkID, height: place, validator: own,
            checkpointHash: FinalBlock.hash(ofCheckpointText: text),
            cosignature: Cosignature(
                signing: text, time: 1_795_374_000, with: network.keys[index].cosignature))
        return [Dispatch(message.encoded)]
    }

    /// Two versions of the next sequence of the service whose key it shares, one for each half.
    mutating func submitVersions() -> [Dispatch] {
        guard Int.random(in: 0..<4, using: &numbers) == 0 else { return [] }
        let sequence = evilSequence
        evilSequence += 1
        let versions = (0..<2).compactMap { number in
            try? network.submission(
                by: Self.evilService, sequence: sequence, entryCount: 1 + number,
                salt: "\(index) \(number)")
        }
        guard versions.count == 2 else { return [] }
        return [
            Dispatch(versions[0].encoded, to: halves.even), Dispatch(versions[1].encoded, to: halves.odd),
        ]
    }

    private func forged(_ certificate: Certificate, height: BlockHeight) -> Certificate {
        let vote = Vote.make(
            networkID: networkID, step: .precommit, height: height, round: certificate.round,
            blockHash: certificate.blockHash, validator: own, signer: signer)
        let members = certificate.members.map {
            Certificate.Member(validator: $0.validator, signature: vote.signature)
        }
        return Certificate(
            networkID: networkID, height: height, round: certificate.round,
            blockHash: certificate.blockHash, members: members)
    }

    private func moved(_ block: FinalBlock, to height: BlockHeight) -> FinalBlock {
        let entry = BlockEntry(
            height: height, previous: block.blockEntry.previous, time: block.blockEntry.time,
            validatorSet: block.blockEntry.validatorSet,
            nextValidatorSet: block.blockEntry.nextValidatorSet)
        let certificate = Certificate(
            networkID: networkID, height: height, round: block.certificate.round,
            blockHash: block.certificate.blockHash, members: block.certificate.members)
        return FinalBlock(
            blockEntry: entry, checkpointText: block.checkpointText, certificate: certificate,
            submissions: block.submissions)
    }
}
