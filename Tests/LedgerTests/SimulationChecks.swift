import Cryptography
import LedgerCore
import LedgerProtocol
import Model

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
                genesis: genesis)
            head = try commit.finalBlock.verify(after: head, genesis: genesis)
            _ = tiles.append(block.nodes)
            for submission in block.submissions { nextSequences[submission.keyID] = submission.sequence + 1 }
        }
        let open = nodes[index].commits.filter { nodes[index].notes[$0.block.height] == nil }.map {
            ($0.block.height, $0.block.checkpointText, $0.cosignature)
        }
        return ValidatorCore.Origin(
            chain: head, tiles: tiles, nextSequences: nextSequences, open: open, note: nil,
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
                guard let next = try? commit.finalBlock.verify(after: head, genesis: network.genesis) else {
                    forked.append(height.value)
                    break
                }
                head = next
            }
        }
        return forked
    }
}
