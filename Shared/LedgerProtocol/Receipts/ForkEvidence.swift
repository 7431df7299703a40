package import Cryptography
package import Merkle
package import Model
package import TransparencyLog

/// Proof that validators signed two histories that cannot both be true; only verification makes one.
///
/// An honest validator cosigns one chain and precommits one block a round, so whoever signed both is
/// faulty. Two quorums q of n validators share at least 2q − n, which is more than the f that may be
/// faulty, so a fork always names more validators than the network was promised to survive.
package struct ForkEvidence: Hashable, Sendable {
    /// What was signed twice.
    package enum Contradiction: Hashable, Sendable {
        /// Two checkpoints of one size with different roots.
        case sameSize(UInt64)
        /// A checkpoint whose tree begins otherwise than the smaller one that was cosigned too.
        case otherPrefix(size: UInt64, of: UInt64)
        /// Two blocks of one height, precommitted in one round.
        case sameRound(height: BlockHeight, round: UInt32)
    }

    /// What the later of two trees is shown to begin with.
    package struct Prefix: Sendable {
        /// The root that the later tree had at the size of the smaller one.
        package let root: Digest
        /// Leads from that root to the later tree's.
        package let proof: ConsistencyProof

        /// Joins the parts, not yet verified.
        package init(root: Digest, proof: ConsistencyProof) {
            self.root = root
            self.proof = proof
        }
    }

    /// What was signed twice.
    package let contradiction: Contradiction
    /// The validators that signed both, ascending; all of them are faulty.
    package let guilty: [ValidatorIndex]

    /// Finds who cosigned two checkpoints of one size with different roots.
    ///
    /// - Throws: `ProtocolFault`: `.inconsistent` when they do not contradict each other, others when a note
    ///   is not to be believed.
    package init(_ first: SignedNote, _ second: SignedNote, history: NetworkHistory) throws(ProtocolFault) {
        let (one, other) = (try history.verify(first), try history.verify(second))
        guard one.checkpoint.size == other.checkpoint.size, one.checkpoint.root != other.checkpoint.root
        else { throw ProtocolFault(.inconsistent, "the checkpoints do not contradict each other") }
        contradiction = .sameSize(one.checkpoint.size)
        guilty = Self.shared(one.cosigners.map(\.validator), other.cosigners.map(\.validator))
    }

    /// Finds who cosigned two checkpoints of which the later does not continue the smaller.
    ///
    /// That no proof leads from one to the other shows nothing, since a server can withhold it. The proof
    /// must lead to the later root from another root of the smaller one's size.
    /// - Throws: as the other does.
    package init(
        smaller: SignedNote, later: SignedNote, prefix: Prefix, history: NetworkHistory
    ) throws(ProtocolFault) {
        let (small, large) = (try history.verify(smaller), try history.verify(later))
        guard prefix.proof.oldSize == small.checkpoint.size, prefix.proof.newSize == large.checkpoint.size,
            prefix.root != small.checkpoint.root
        else { throw ProtocolFault(.inconsistent, "the proof does not show that the checkpoints differ") }
        do throws(MerkleError) {
            try prefix.proof.verify(oldRoot: prefix.root, newRoot: large.checkpoint.root)
        } catch {
            throw ProtocolFault(.wrongRoot, "the proof does not lead to the later checkpoint: \(error)")
        }
        contradiction = .otherPrefix(size: small.checkpoint.size, of: large.checkpoint.size)
        guilty = Self.shared(small.cosigners.map(\.validator), large.cosigners.map(\.validator))
    }

    /// Finds who precommitted two blocks in one round.
    ///
    /// - Throws: `ProtocolFault`: `.inconsistent` when the certificates are of different rounds, which no
    ///   signature alone shows to be anybody's fault, or of one block; others when one is not to be believed.
    package init(
        _ first: Certificate, _ second: Certificate, history: NetworkHistory
    ) throws(ProtocolFault) {
        try first.verify(history.state(at: first.height))
        try second.verify(history.state(at: second.height))
        guard first.height == second.height, first.round == second.round,
            first.blockHash != second.blockHash
        else { throw ProtocolFault(.inconsistent, "the certificates do not contradict each other") }
        contradiction = .sameRound(height: first.height, round: first.round)
        guilty = Self.shared(first.members.map(\.validator), second.members.map(\.validator))
    }

    private static func shared(
        _ left: [ValidatorIndex], _ right: [ValidatorIndex]
    ) -> [ValidatorIndex] {
        Set(left).intersection(right).sorted()
    }
}
