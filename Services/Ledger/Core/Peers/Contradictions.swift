package import Cryptography
package import LedgerProtocol
package import Model

/// Counts who gave a final block that does not follow on this validator's chain although its certificate
/// verifies.
///
/// One sender may have changed the submissions. Once more validators than may be faulty gave the very same
/// bytes, the fault is here: the same entries give another root.
package struct Contradictions: Sendable {
    private var height = BlockHeight(0)
    private var givers: [Digest: Set<String>] = [:]

    /// Starts with nothing seen.
    package init() {}

    /// What two validators give alike of one block; their certificates may name different quorums.
    package static func content(of block: FinalBlock) -> Digest {
        let hashes = block.submissions.flatMap(\.hash.bytes)
        return SHA256.hash(block.blockEntry.encoded + [UInt8](block.checkpointText.utf8) + hashes)
    }

    /// Notes who gave a block, and says how many have given the same one by now.
    package mutating func note(_ hash: Digest, at height: BlockHeight, by giver: String) -> Int {
        if height != self.height {
            self.height = height
            givers = [:]
        }
        givers[hash, default: []].insert(giver)
        return givers[hash]?.count ?? 0
    }
}
