import Cryptography
import LedgerCore
import LedgerProtocol
import Model
import TransparencyLog

extension Simulation {
    /// What a validator's start finds: every stored block verified and the tree built from them.
    func origin(_ index: Int) throws -> ValidatorCore.Origin {
        let genesis = network.genesis
        var head = ChainHead(genesis)
        var tiles = TileAccumulator()
        var nextSequences: [KeyID: UInt64] = [:]
        for commit in nodes[index].commits {
            let block = BlockBuilder.build(
                on: head, time: commit.block.entry.time, submissions: commit.block.submissions,
                next: genesis.initial)
            head = try commit.finalBlock.verify(after: head)
            _ = tiles.append(block.nodes)
            for submission in block.submissions { nextSequences[submission.keyID] = submission.sequence + 1 }
        }
        let open = nodes[index].commits.filter { nodes[index].notes[$0.block.height] == nil }.map {
            ($0.block.height, $0.block.checkpointText, $0.cosignature)
        }
        return ValidatorCore.Origin(
            chain: head, history: NetworkHistory(genesis), tiles: tiles, nextSequences: nextSequences,
            open: open, note: nil,
            signState: try SignState(decoding: nodes[index].signState))
    }

    /// The heights at which two validators stored different blocks, or one stored a block that does not
    /// verify.
    func forks() -> [UInt64] {
        var hashes: [BlockHeight: Digest] = [:]
        var forked: [UInt64] = []
        for node in nodes {
            var head = ChainHead(network.genesis)
            for commit in node.commits {
                let height = commit.block.height
                if let known = hashes[height], known != commit.block.blockHash { forked.append(height.value) }
                hashes[height] = commit.block.blockHash
                guard let next = try? commit.finalBlock.verify(after: head) else {
                    forked.append(height.value)
                    break
                }
                head = next
            }
        }
        return forked
    }

    /// How many signatures by this validator's keys an action shows that its durable sign-state does not
    /// record.
    ///
    /// A block counts as shown when the store is given it, since others read it there.
    func unrecordedSignatures(in action: ValidatorAction, of index: Int) -> Int {
        switch action {
        case .send(let message): unrecordedSignatures(in: message, of: index)
        case .commit(let commit):
            unrecorded(
                votes: commit.certificate.precommits,
                cosignatures: [commit.cosignature].compactMap { $0 }, of: index)
        case .keep(let note, let height): unrecordedSignatures(in: note, height: height, of: index)
        case .persist, .answer, .report, .measure, .enter, .halt: 0
        }
    }

    func unrecordedSignatures(in note: SignedNote, height: BlockHeight, of index: Int) -> Int {
        let cosignatures = note.cosignatures(height: height, network: network.genesis.initial)
        return unrecorded(votes: [], cosignatures: cosignatures, of: index)
    }

    private func unrecordedSignatures(in message: OutboundMessage, of index: Int) -> Int {
        if message.topic == .ledgerReceipts {
            guard case .record(let record) = try? ReceiptMessage(decoding: message.bytes),
                let note = try? SignedNote(parsing: String(decoding: record.note, as: UTF8.self))
            else { return 0 }
            return unrecordedSignatures(in: note, height: record.height, of: index)
        }
        switch try? LedgerMessage(decoding: message.bytes) {
        case .vote(let vote): return unrecorded(votes: [vote], cosignatures: [], of: index)
        case .cosignature(let own): return unrecorded(votes: [], cosignatures: [own], of: index)
        case .proposal(let proposal):
            let durable = nodes[index].durable
            let isRecorded = proposal == durable.proposal || isOver(proposal.height, proposal.round, durable)
            return proposal.proposer.position != index || isRecorded ? 0 : 1
        default: return 0
        }
    }

    private func unrecorded(votes: [Vote], cosignatures: [CosignatureMessage], of index: Int) -> Int {
        let durable = nodes[index].durable
        let early = votes.count { vote in
            let recorded = vote.step == .prevote ? durable.prevote : durable.precommit
            return vote.validator.position == index && vote != recorded
                && !isOver(vote.height, vote.round, durable)
        }
        let earlyCosignatures = cosignatures.count { message in
            guard message.validator.position == index else { return false }
            guard let last = durable.cosignature, last.height >= message.height else { return true }
            return last.height == message.height && last != message
        }
        return early + earlyCosignatures
    }

    /// Whether a sign-state admits no signature for the height and round any more.
    private func isOver(_ height: BlockHeight, _ round: UInt32, _ state: SignState) -> Bool {
        state.height > height || state.height == height && state.lastRound ?? 0 > round
    }
}
