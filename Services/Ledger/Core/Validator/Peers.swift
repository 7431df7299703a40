import LedgerProtocol
import Model

/// What a validator knows of the others, from messages whose signatures verified.
struct Peers: Sendable {
    struct Peer: Sendable {
        var heardAtMilliseconds: Int64?
        /// When it last sent anything of a height at which it could take part in the agreement.
        var tookPartAtMilliseconds: Int64?
        /// The highest height for which it has sent anything.
        var highest = BlockHeight(0)
        /// The height on which it said to work, since when, and how often it has said so again.
        var height = BlockHeight(0)
        var statedAtMilliseconds: Int64 = 0
        var repetitions = 0
    }

    private var peers: [ValidatorIndex: Peer] = [:]
    private var honestCount: Int
    private let startedAt: Int64

    init(network: NetworkState, at now: Int64) {
        honestCount = network.faultMax + 1
        startedAt = now
        for index in network.validatorIndices { peers[index] = Peer() }
    }

    /// Keeps what is known of the validators that stay, and nothing of those that left.
    mutating func enter(_ network: NetworkState) {
        honestCount = network.faultMax + 1
        let known = peers
        peers = [:]
        for index in network.validatorIndices { peers[index] = known[index] ?? Peer() }
    }

    /// The height that at least one honest validator has reached, whatever the others claim.
    var highest: BlockHeight {
        let heights = peers.values.map(\.highest).sorted(by: >)
        return heights.indices.contains(honestCount - 1) ? heights[honestCount - 1] : BlockHeight(0)
    }

    /// The height that somebody claims to have reached; it takes a certificate to show that it is true.
    var highestClaimed: BlockHeight { peers.values.map(\.highest).max() ?? BlockHeight(0) }

    /// Notes a message of a height, while this validator works on `own`.
    mutating func heard(
        _ index: ValidatorIndex, height: BlockHeight, own: BlockHeight, at now: Int64
    ) {
        guard var peer = peers[index] else { return }
        peer.heardAtMilliseconds = now
        // One height of difference is the time that messages take.
        if height.next >= own { peer.tookPartAtMilliseconds = now }
        peer.highest = max(peer.highest, height)
        peers[index] = peer
    }

    /// Notes a status and says how often the peer has stated this very height again, and for how long.
    mutating func stated(
        _ index: ValidatorIndex, height: BlockHeight, at now: Int64
    ) -> (repetitions: Int, milliseconds: Int64) {
        guard var peer = peers[index] else { return (0, 0) }
        let isSame = peer.height == height
        peer.repetitions = isSame ? peer.repetitions + 1 : 0
        peer.statedAtMilliseconds = isSame ? peer.statedAtMilliseconds : now
        peer.height = height
        peers[index] = peer
        return (peer.repetitions, now - peer.statedAtMilliseconds)
    }

    /// How long a validator has been down or behind, at most since this one started.
    func milliseconds(sinceTakingPart index: ValidatorIndex, at now: Int64) -> Int64 {
        now - (peers[index]?.tookPartAtMilliseconds ?? startedAt)
    }

    func count(heardWithin milliseconds: Int64, at now: Int64) -> Int {
        peers.values.count { peer in peer.heardAtMilliseconds.map { now - $0 <= milliseconds } ?? false }
    }
}
