package import Cryptography
package import TransparencyLog

/// Puts the signed checkpoint of a receipt together.
package enum CheckpointNote {
    /// Writes one log signature and then exactly the quorum of cosignatures, ordered by validator index.
    ///
    /// Of more cosignatures those with the lowest indices are taken. The cosignatures must have been
    /// verified. Whoever is no validator of the network, as one that has left or has not joined yet, does not
    /// sign as its log: the quorum stands alone.
    /// - Returns: nil while there are fewer cosignatures than the quorum, or when one names no validator.
    package static func make(
        checkpointText: String, cosignatures: [ValidatorIndex: Cosignature], logSigner: Signer,
        network: NetworkState
    ) -> SignedNote? {
        guard cosignatures.count >= network.quorum else { return nil }
        var signatures: [NoteSignature] = []
        if network.isLogKey(logSigner.publicKey) {
            signatures.append(NoteSignature(signing: checkpointText, name: network.origin, with: logSigner))
        }
        for (index, cosignature) in cosignatures.sorted(by: { $0.key < $1.key }).prefix(network.quorum) {
            guard let validator = network.validator(index) else { return nil }
            let key = NoteVerifierKey(
                name: validator.name, kind: .cosignature, key: validator.cosignatureKey)
            signatures.append(
                NoteSignature(name: validator.name, keyHash: key.id, bytes: cosignature.noteBytes))
        }
        return SignedNote(text: checkpointText, signatures: signatures)
    }
}

extension NetworkState {
    /// Whether a validator in force signs as the log with this key.
    package func isLogKey(_ key: PublicSigningKey) -> Bool {
        validators.contains { $0.member.logKey == key }
    }
}
