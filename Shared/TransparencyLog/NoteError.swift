package import Merkle

/// Says why a note, a checkpoint, a proof or a key was refused.
package enum NoteError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text is not a signed note; the sentence says where it departs.
    case malformedNote(String)
    /// The note's text is not a checkpoint.
    case malformedCheckpoint(String)
    /// The text is not a `tlog-proof`.
    case malformedProof(String)
    /// The text is not a verifier key.
    case malformedKey(String)
    /// The bytes are not an entry bundle or a tile.
    case malformedTile(String)
    /// The checkpoint is another log's.
    case wrongOrigin(expected: String, found: String)
    /// A listed key's signature does not verify.
    case invalidSignature(name: String)
    /// A log key is listed and no listed log key signed.
    case logSignatureMissing(origin: String)
    /// Fewer listed cosigners signed than the policy demands.
    case quorumNotReached(valid: Int, needed: Int)
    /// The policy cannot be met or demands nothing.
    case unsoundPolicy(String)
    /// The Merkle proof does not hold.
    case invalidProof(MerkleError)

    /// What is wrong and what to do next.
    package var description: String {
        switch self {
        case .malformedNote(let reason): "not a signed note: \(reason)"
        case .malformedCheckpoint(let reason): "not a checkpoint: \(reason)"
        case .malformedProof(let reason): "not a tlog-proof: \(reason)"
        case .malformedKey(let reason): "not a verifier key: \(reason)"
        case .malformedTile(let reason): "not tile data: \(reason)"
        case .wrongOrigin(let expected, let found):
            "the checkpoint is of `\(found)` and not of `\(expected)`; take the policy of that log"
        case .invalidSignature(let name):
            "the signature of `\(name)` does not verify; do not trust the note and keep it as evidence"
        case .logSignatureMissing(let origin):
            "no listed key of the log `\(origin)` signed; ask a validator for its checkpoint"
        case .quorumNotReached(let valid, let needed):
            "`\(valid)` listed cosigners signed and `\(needed)` must; wait for more cosignatures"
        case .unsoundPolicy(let reason): "the policy is not sound: \(reason)"
        case .invalidProof(let error): error.description
        }
    }
}
