import Cryptography
import LedgerCore
import LedgerProtocol
import Model
import TransparencyLog

/// What a Byzantine validator makes of its turn.
extension Adversary {
    mutating func rewrite(_ proposal: Proposal, _ core: ValidatorCore) -> [Dispatch] {
        var variants = [proposal]
        if behaviours.contains(.ignoredValidValue), proposal.content.validRound != nil {
            variants = [block(like: proposal, core, laterBy: 3)].compactMap { $0 }
        }
        if behaviours.contains(.wrongTimes) { variants = [wrongTime(proposal, core)].compactMap { $0 } }
        if behaviours.contains(.wrongRoots) { variants = [wrongRoot(proposal)].compactMap { $0 } }
        if behaviours.contains(.staleReproposals), proposal.round > 0 {
            variants = [stale(proposal, core)].compactMap { $0 }
        }
        if behaviours.contains(.equivocatingProposals) {
            variants += [block(like: proposal, core, laterBy: 1)].compactMap { $0 }
        }
        var dispatches = variants.map { Dispatch($0.encoded) }
        if dispatches.count == 2 {
            dispatches[0].receivers = halves.even
            dispatches[1].receivers = halves.odd
        }
        if behaviours.contains(.withheldProposals) {
            for place in dispatches.indices { dispatches[place].receivers = anyone }
        }
        return dispatches
    }

    mutating func proposeOutOfTurn(_ view: View) -> [Dispatch] {
        let core = view.core
        let time = core.chain.time.advanced(byMilliseconds: Int64.random(in: 1...50, using: &numbers))
        let block = BlockBuilder.build(
            on: core.chain, time: time, submissions: core.mempool.take(turn: 0), next: network.genesis.initial
        )
        let proposal = make(block, round: core.agreement.round, validRound: nil, prevotes: [])
        return [proposal].compactMap { $0.map { Dispatch($0.encoded) } }
    }

    func make(
        _ block: BuiltBlock, round: UInt32, validRound: UInt32?, prevotes: [Vote]
    ) -> Proposal? {
        make(
            Proposal.Content(
                networkID: networkID, round: round, validRound: validRound, proposer: own,
                submissionHashes: block.submissions.map(\.hash), blockEntry: block.entry,
                checkpointText: block.checkpointText, prevotes: prevotes))
    }

    private func make(_ content: Proposal.Content) -> Proposal? {
        try? Proposal.make(content, signer: signer)
    }

    /// A sound new block of the same submissions with another time.
    private func block(like proposal: Proposal, _ core: ValidatorCore, laterBy milliseconds: Int64)
        -> Proposal?
    {
        let submissions = proposal.content.submissionHashes.compactMap { core.mempool.submission($0) }
        guard proposal.height == core.chain.height.next,
            submissions.count == proposal.content.submissionHashes.count
        else { return nil }
        let time = proposal.content.blockEntry.time.advanced(byMilliseconds: milliseconds)
        guard time > core.chain.time else { return nil }
        let block = BlockBuilder.build(
            on: core.chain, time: time, submissions: submissions, next: network.genesis.initial)
        return make(block, round: proposal.round, validRound: nil, prevotes: [])
    }

    private mutating func wrongTime(_ proposal: Proposal, _ core: ValidatorCore) -> Proposal? {
        let submissions = proposal.content.submissionHashes.compactMap { core.mempool.submission($0) }
        guard proposal.height == core.chain.height.next,
            submissions.count == proposal.content.submissionHashes.count
        else { return nil }
        let now = proposal.content.blockEntry.time
        let times = [
            core.chain.time, core.chain.time.advanced(byMilliseconds: -1),
            now.advanced(byMilliseconds: -3_600_000), now.advanced(byMilliseconds: 3_600_000),
        ]
        let block = BlockBuilder.build(
            on: core.chain, time: times.randomElement(using: &numbers) ?? now, submissions: submissions,
            next: network.genesis.initial)
        return make(block, round: proposal.round, validRound: nil, prevotes: [])
    }

    private mutating func wrongRoot(_ proposal: Proposal) -> Proposal? {
        let content = proposal.content
        guard let honest = try? Checkpoint(parsing: content.checkpointText) else { return nil }
        let isSizeWrong = Bool.random(using: &numbers)
        let checkpoint = Checkpoint(
            origin: honest.origin, size: honest.size + (isSizeWrong ? 1 : 0),
            root: isSizeWrong ? honest.root : randomDigest())
        return make(
            Proposal.Content(
                networkID: networkID, round: content.round, validRound: nil, proposer: own,
                submissionHashes: content.submissionHashes, blockEntry: content.blockEntry,
                checkpointText: checkpoint.text, prevotes: []))
    }

    /// A claim that a quorum prevoted this block before, with prevotes that do not show it.
    private mutating func stale(_ proposal: Proposal, _ core: ValidatorCore) -> Proposal? {
        let round = proposal.round - 1
        let held = core.agreement.heldMessages.votes.filter {
            $0.step == .prevote && $0.round == round && $0.blockHash == proposal.blockHash
        }
        var prevotes = Dictionary(held.map { ($0.validator, $0) }, uniquingKeysWith: { first, _ in first })
        prevotes[own] = vote(.prevote, height: proposal.height, round: round, proposal.blockHash)
        if Bool.random(using: &numbers) {
            // As many as are needed, in the names of others and signed by itself.
            for other in network.keys.indices where prevotes.count < network.state.quorum {
                let index = ValidatorIndex(UInt16(other))
                guard prevotes[index] == nil else { continue }
                prevotes[index] = Vote.make(
                    networkID: networkID, step: .prevote, height: proposal.height, round: round,
                    blockHash: proposal.blockHash, validator: index, signer: signer)
            }
        }
        return make(
            Proposal.Content(
                networkID: networkID, round: proposal.round, validRound: round, proposer: own,
                submissionHashes: proposal.content.submissionHashes,
                blockEntry: proposal.content.blockEntry, checkpointText: proposal.content.checkpointText,
                prevotes: prevotes.sorted { $0.key < $1.key }.map(\.value)))
    }
}
