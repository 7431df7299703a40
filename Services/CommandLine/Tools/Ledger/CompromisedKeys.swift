import Cryptography
package import LedgerProtocol
import Merkle
import Model

/// Remembers when blocks were made, so that it can say which of them to doubt once a key turns out to be
/// compromised; eight bytes a block.
package struct CompromisedKeys: Sendable {
    private var times: [Timestamp] = []
    private var history: NetworkHistory

    /// Starts before the first block.
    package init(_ genesis: Genesis) { history = NetworkHistory(genesis) }

    /// Notes a block that verified and the chain after it.
    package mutating func append(_ block: FinalBlock, head: ChainHead) {
        times.append(block.blockEntry.time)
        if history.newest != head.network {
            history.append(head.network, from: block.height.next, treeSizeBefore: head.tree.size)
        }
    }

    /// What is to be doubted, a sentence for each key that submitted while it was compromised.
    package var sentences: [String] {
        history.newest.members.compromises.compactMap { compromise in
            let keyID = compromise.key.keyID
            guard let submitter = history.submitter(keyID) else { return nil }
            let isDoubtful = { (place: Int) in
                times[place] >= compromise.since
                    && history.state(at: BlockHeight(UInt64(place + 1))).submitter(keyID) != nil
            }
            guard let first = times.indices.first(where: isDoubtful),
                let last = times.indices.last(where: isDoubtful)
            else { return nil }
            return "a key of `\(submitter.name)` is compromised since \(compromise.since): doubt what it "
                + "signed in blocks \(first + 1) to \(last + 1)"
        }
    }
}
