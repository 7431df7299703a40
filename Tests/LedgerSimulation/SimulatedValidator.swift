import Cryptography
package import LedgerCore
import LedgerProtocol
package import Model
package import TransparencyLog

/// A block on its way to a store, by reference, so that events stay small.
final class Stored: Sendable {
    let commit: BlockCommit

    init(_ commit: BlockCommit) { self.commit = commit }
}

/// One validator with what survives its crash.
package struct SimulatedValidator {
    /// The running process; nil while it is down.
    package internal(set) var core: ValidatorCore?
    /// The stored blocks; the one of height h is at h − 1.
    package internal(set) var commits: [BlockCommit] = []
    /// The stored notes.
    package internal(set) var notes: [BlockHeight: SignedNote] = [:]
    /// Why it stopped for good; nil while it did not.
    package internal(set) var halted: HaltCause?
    /// How far its clock of the day is from the truth.
    package internal(set) var skewMilliseconds: Int64 = 0
    // The bytes on the disk and the sign-state that they hold.
    var signState: [UInt8]
    var durable: SignState
    var wakeAt: Int64 = .max
    var storeFreeAt: Int64 = 0
    // Counts starts and stops, so that what an earlier process asked for does not reach a later one.
    var epoch = 0
    // How many actions it still performs before it stops in the middle of them.
    var actionsLeft: Int?
    var settled: Set<Digest> = []
    // What the process thinks of the bus, and its ways to the others beside it.
    var trust = BusTrust()
    var links: [Int: DirectLink] = [:]
    // Whom it asked last for blocks.
    var askedLast = 0
    // The height of the note that anybody could read last.
    var shownNote: BlockHeight?

    init(network: LedgerNetwork, index: Int) {
        let fresh = SignState(
            networkID: network.genesis.networkID, validator: ValidatorIndex(UInt16(index)))
        signState = fresh.encoded
        durable = fresh
    }

    mutating func store(_ commit: BlockCommit) {
        precondition(
            commit.block.height.value == UInt64(commits.count) + 1, "a store takes one block a height")
        commits.append(commit)
        settled.formUnion(commit.block.submissions.map(\.hash))
    }

    /// The stored blocks of a range of heights, fewer when it does not hold them all.
    func commits(from: BlockHeight, through: BlockHeight) -> ArraySlice<BlockCommit> {
        let end = Int(min(through.value, UInt64(commits.count)))
        let start = Int(min(max(from.value, 1) - 1, UInt64(end)))
        return commits[start..<end]
    }

    /// Puts an older copy of the database in place; the sign-state is not in it.
    mutating func restore(height: Int) {
        commits.removeLast(max(commits.count - height, 0))
        notes = notes.filter { $0.key.value <= UInt64(height) }
        settled = Set(commits.flatMap { $0.block.submissions.map(\.hash) })
    }

    /// What a start finds: the tree of the stored blocks, which were verified when they were stored.
    func origin(genesis: Genesis) throws -> ValidatorCore.Origin {
        var tiles = TileAccumulator()
        var history = NetworkHistory(genesis)
        var nextSequences: [KeyID: UInt64] = [:]
        for commit in commits {
            let block = commit.block
            _ = tiles.append(block.nodes)
            if block.next != block.network {
                history.append(block.next, from: block.height.next, treeSizeBefore: block.treeSize)
            }
            for submission in commit.block.submissions {
                nextSequences[submission.keyID] = submission.sequence + 1
            }
        }
        let open = commits.filter { notes[$0.block.height] == nil }.map {
            ($0.block.height, $0.block.checkpointText, $0.cosignature)
        }
        let newest = notes.max { $0.key < $1.key }.map { HeightNote(height: $0.key, note: $0.value) }
        return ValidatorCore.Origin(
            chain: commits.last?.block.head ?? ChainHead(genesis), history: history,
            tiles: tiles, nextSequences: nextSequences, open: open, note: newest,
            signState: try SignState(decoding: signState))
    }
}
