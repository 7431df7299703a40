package import Cryptography
package import Model
import TransparencyLog

/// A key that somebody else may have used since a time, as a quorum of organisations declared.
///
/// What the key signed is judged by when it was signed, and as proof of that counts what the key's holder
/// cannot choose: the clocks of the validators.
package struct KeyCompromise: Hashable, Sendable {
    /// The key; it is not in force any more.
    package let key: PublicSigningKey
    /// From when on somebody else may have had it.
    package let since: Timestamp

    /// States from when on a key cannot be trusted.
    package init(key: PublicSigningKey, since: Timestamp) {
        self.key = key
        self.since = since
    }

    /// The compromise as a network's state writes it.
    package var json: JSONValue {
        ["key": .string(Base64.encode(key.bytes)), "since": .string(since.description)]
    }
}

extension NetworkState {
    /// Finds since when a key is compromised; nil when nobody has said so.
    package func compromise(of keyID: KeyID) -> KeyCompromise? {
        members.compromises.first { $0.key.keyID == keyID }
    }
}

extension NetworkHistory {
    /// Says why somebody else may have made an entry that is on the ledger; nil when there is no such doubt.
    ///
    /// There is none while its key is not known to be compromised, nor where more validators than may be
    /// faulty cosigned a tree with the entry before that time. A receipt made later may raise a doubt that
    /// the first one dispels.
    package func doubt(
        of entry: Entry, in checkpoint: VerifiedCheckpoint
    ) -> VerificationFailure? {
        guard let compromise = newest.compromise(of: entry.submitter) else { return nil }
        let sound = checkpoint.cosigners.filter { cosigner in
            guard let validator = validator(cosigner.validator) else { return false }
            return newest.compromise(of: validator.cosignatureKey.keyID) == nil
        }
        let faultMax = state(ofTreeSize: checkpoint.checkpoint.size).faultMax
        guard sound.count(where: { $0.time < compromise.since }) <= faultMax else { return nil }
        return .event(
            .compromisedKey,
            "its entry is on the ledger, and the key that signed it is compromised since "
                + "\(compromise.since), before the validators cosigned; ask for the receipt at an earlier "
                + "checkpoint")
    }
}
