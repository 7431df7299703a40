package import Model
package import TransparencyLog

/// A checkpoint that a quorum of validators cosigned; only verification makes one.
package struct VerifiedCheckpoint: Hashable, Sendable {
    /// One validator's cosignature.
    package struct Cosigner: Hashable, Sendable {
        /// Who cosigned.
        package let validator: ValidatorIndex
        /// The name of the validator.
        package let name: String
        /// When, by the validator's own clock.
        package let time: Timestamp
    }

    /// Origin, size and root.
    package let checkpoint: Checkpoint
    /// The quorum or more, ascending by validator.
    package let cosigners: [Cosigner]
    /// The validators that signed as the log, ascending.
    package let publishers: [ValidatorIndex]
}

extension NetworkState {
    /// Checks a signed checkpoint strictly: every signature is by a validator in force and verifies, and a
    /// quorum of them cosigned.
    ///
    /// A stock C2SP verifier passes over signatures that it does not know; here one such refuses the
    /// note, so that no bit of a receipt can change unnoticed.
    /// - Throws: `ProtocolFault` that says what does not hold.
    package func verify(_ note: SignedNote) throws(ProtocolFault) -> VerifiedCheckpoint {
        let checkpoint: Checkpoint
        do throws(NoteError) { checkpoint = try Checkpoint(parsing: note.text) } catch {
            throw ProtocolFault(.inconsistent, error.description)
        }
        guard checkpoint.origin.utf8.elementsEqual(origin.utf8) else {
            throw ProtocolFault(
                .wrongNetwork, "the checkpoint is of `\(checkpoint.origin)` and not of `\(origin)`")
        }
        var cosigners: [VerifiedCheckpoint.Cosigner] = []
        var publishers: [ValidatorIndex] = []
        for signature in note.signatures {
            switch try signer(of: signature, text: note.text) {
            case .cosigner(let cosigner): cosigners.append(cosigner)
            case .publisher(let validator): publishers.append(validator)
            }
        }
        guard Set(cosigners.map(\.validator)).count == cosigners.count,
            Set(publishers).count == publishers.count
        else { throw ProtocolFault(.inconsistent, "a validator signed the checkpoint twice") }
        guard cosigners.count >= quorum else {
            throw ProtocolFault(
                .quorumNotMet, "`\(cosigners.count)` validators cosigned the checkpoint and `\(quorum)` must")
        }
        return VerifiedCheckpoint(
            checkpoint: checkpoint, cosigners: cosigners.sorted { $0.validator < $1.validator },
            publishers: publishers.sorted())
    }

    private enum NoteSigner {
        case cosigner(VerifiedCheckpoint.Cosigner)
        case publisher(ValidatorIndex)
    }

    /// Finds whose signature a line is, by verifying it.
    private func signer(of signature: NoteSignature, text: String) throws(ProtocolFault) -> NoteSigner {
        var isKnown = false
        for (index, validator) in validators.map({ ($0.index, $0.member) }) {
            let cosigner = NoteVerifierKey(
                name: validator.name, kind: .cosignature, key: validator.cosignatureKey)
            if cosigner.matches(signature) {
                isKnown = true
                if cosigner.verifies(signature, text: text),
                    let cosignature = Cosignature(noteBytes: signature.bytes),
                    cosignature.time <= Self.cosignatureSecondsMax
                {
                    let time = Timestamp(seconds: Int64(cosignature.time))
                    return .cosigner(.init(validator: index, name: validator.name, time: time))
                }
            }
            let log = NoteVerifierKey(name: origin, kind: .log, key: validator.logKey)
            if log.matches(signature) {
                isKnown = true
                if log.verifies(signature, text: text) { return .publisher(index) }
            }
        }
        guard isKnown else {
            throw ProtocolFault(
                .unknownValidator,
                "the checkpoint has a signature of a key that is no validator's at its size; if the "
                    + "network has changed, give its changes too")
        }
        throw ProtocolFault(.badSignature, "a signature of `\(signature.name)` does not verify")
    }

    /// The last second of the year 9999, which timestamps can still write.
    private static var cosignatureSecondsMax: UInt64 { 253_402_300_799 }
}
