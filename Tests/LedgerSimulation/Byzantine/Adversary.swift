import Cryptography
import LedgerCore
import LedgerProtocol
import Model

/// A Byzantine validator's own mind: it changes what its core sends, and makes up more.
struct Adversary {
    /// What it sees when it acts by itself.
    struct View {
        let core: ValidatorCore
        let commits: [BlockCommit]
        /// Whatever was ever on the bus.
        let history: [Letter]
    }

    let index: Int
    let behaviours: Set<Behaviour>
    let network: LedgerNetwork
    var numbers: SeededNumbers
    // Proposals that it heard and has not voted on blindly yet.
    var heard: [Proposal] = []
    private var hasVotedBlindly: Set<Digest> = []
    // The service whose key it shares goes on with this sequence.
    var evilSequence: UInt64 = 0

    init(index: Int, behaviours: Set<Behaviour>, network: LedgerNetwork, seed: UInt64) {
        self.index = index
        self.behaviours = behaviours
        self.network = network
        numbers = SeededNumbers(seed: seed &* 0x9E37_79B9)
    }

    var own: ValidatorIndex { ValidatorIndex(UInt16(index)) }
    var signer: Signer { network.keys[index].consensus }
    var networkID: NetworkID { network.genesis.networkID }
    var halves: (even: [Int], odd: [Int]) {
        let all = network.keys.indices
        return (all.filter { $0 % 2 == 0 }, all.filter { $0 % 2 == 1 })
    }
    var anyone: [Int] { mutating get { [network.keys.indices.randomElement(using: &numbers) ?? 0] } }

    mutating func hear(_ letter: Letter) {
        guard behaviours.contains(.blindVotes), case .proposal(let proposal) = letter.inbound else { return }
        if hasVotedBlindly.insert(proposal.message.blockHash).inserted { heard.append(proposal.message) }
    }

    /// Says what is sent instead of a message of the core.
    mutating func rewrite(_ letter: Letter, core: ValidatorCore) -> [Dispatch] {
        guard !behaviours.contains(.silent) else { return [] }
        switch letter.message {
        case .vote(let vote) where vote.validator == own: return rewrite(vote)
        case .proposal(let proposal) where proposal.proposer == own: return rewrite(proposal, core)
        default: return [Dispatch(letter.bytes)]
        }
    }

    /// Says what is sent unasked.
    mutating func act(_ view: View) -> [Dispatch] {
        guard !behaviours.contains(.silent) else { return [] }
        var dispatches: [Dispatch] = blindVotes()
        for behaviour in behaviours.sorted() {
            switch behaviour {
            case .wrongTurn: dispatches += proposeOutOfTurn(view)
            case .futureFlood: dispatches += flood(view)
            case .lyingHelper: dispatches += lie(view)
            case .otherCheckpoints: dispatches += cosignOthers(view)
            case .otherVersions: dispatches += submitVersions()
            case .replays:
                for _ in 0..<4 {
                    if let old = view.history.randomElement(using: &numbers) {
                        dispatches.append(Dispatch(old.bytes))
                    }
                }
            case .equivocatingVotes, .equivocatingProposals, .silent, .withheldProposals, .withheldVotes,
                .lateVotes, .nilAlways, .unseenBlocks, .blindVotes, .amnesia, .wrongRoots, .wrongTimes,
                .staleReproposals, .ignoredValidValue:
                break
            }
        }
        return dispatches
    }

    /// Whether it forgets everything now.
    mutating func forgets() -> Bool {
        behaviours.contains(.amnesia) && Int.random(in: 0..<4, using: &numbers) == 0
    }

    func vote(_ step: VoteStep, height: BlockHeight, round: UInt32, _ blockHash: Digest?) -> Vote {
        Vote.make(
            networkID: networkID, step: step, height: height, round: round, blockHash: blockHash,
            validator: own, signer: signer)
    }

    mutating func randomDigest() -> Digest {
        SHA256.hash((0..<4).map { _ in UInt8.random(in: .min ... .max, using: &numbers) })
    }

    private mutating func blindVotes() -> [Dispatch] {
        defer { heard = [] }
        return heard.flatMap { proposal in
            VoteStep.allCases.map { step in
                let vote = vote(
                    step, height: proposal.height, round: proposal.round, proposal.blockHash)
                return Dispatch(vote.encoded)
            }
        }
    }

    private mutating func rewrite(_ vote: Vote) -> [Dispatch] {
        var blockHash = vote.blockHash
        if behaviours.contains(.nilAlways) { blockHash = nil }
        if behaviours.contains(.unseenBlocks) { blockHash = randomDigest() }
        let changed = self.vote(vote.step, height: vote.height, round: vote.round, blockHash)
        let delay =
            behaviours.contains(.lateVotes) ? Int64.random(in: 300...4_000, using: &numbers) : 0
        var dispatches = [Dispatch(changed.encoded, delayMilliseconds: delay)]
        if behaviours.contains(.equivocatingVotes) {
            let other = self.vote(
                vote.step, height: vote.height, round: vote.round, blockHash == nil ? randomDigest() : nil)
            dispatches = [
                Dispatch(changed.encoded, to: halves.even, delayMilliseconds: delay),
                Dispatch(other.encoded, to: halves.odd, delayMilliseconds: delay),
            ]
            // Now and then everybody gets both.
            if Bool.random(using: &numbers) {
                dispatches.append(Dispatch(changed.encoded, to: halves.odd, delayMilliseconds: delay))
                dispatches.append(Dispatch(other.encoded, to: halves.even, delayMilliseconds: delay))
            }
        }
        if behaviours.contains(.withheldVotes) {
            for place in dispatches.indices { dispatches[place].receivers = anyone }
        }
        return dispatches
    }
}
