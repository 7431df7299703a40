import Cryptography
package import Model
package import TransparencyLog

/// An event that is proven to be on the ledger; only verification makes one.
package struct VerifiedEvent: Hashable, Sendable {
    /// The entry on the ledger.
    package let entry: Entry
    /// The event.
    package let payload: EventPayload
    /// The service that submitted it.
    package let submitter: GenesisService
    /// The index of the entry in the log.
    package let index: UInt64
    /// The checkpoint whose tree holds it, and who cosigned.
    package let checkpoint: VerifiedCheckpoint
    /// Why somebody else than the service may have made it, as its key was compromised; nil when it is not
    /// doubted.
    package let doubt: VerificationFailure?

    /// The number of entries in that tree.
    package var treeSize: UInt64 { checkpoint.checkpoint.size }
    /// The names of the validators that cosigned.
    package var cosigners: [String] { checkpoint.cosigners.map(\.name) }
    /// When each of them cosigned, by its own clock.
    package var times: [Timestamp] { checkpoint.cosigners.map(\.time) }
}

/// Checks receipts offline, against nothing but the genesis file and the proven changes since.
package enum ReceiptVerifier {
    /// Checks that the event in the disclosure is on the ledger of the network.
    ///
    /// Strict in every bit: each file has one spelling, the receipt has no extra data, and every
    /// signature in it is by a validator and verifies.
    /// - Throws: `VerificationFailure` that names the file that failed, and how.
    package static func verify(
        receipt: [UInt8], disclosure: [UInt8], history: NetworkHistory
    ) throws(VerificationFailure) -> VerifiedEvent {
        let proof: TlogProof
        do throws(NoteError) { proof = try TlogProof(parsing: receipt) } catch {
            throw .receipt(.malformed, error.description)
        }
        guard proof.extra == nil, proof.encoded().utf8.elementsEqual(receipt) else {
            throw .receipt(.notCanonical, "it has extra data or another spelling than the suite writes")
        }
        return try verify(proof, disclosure: EventDisclosure(parsing: disclosure), history: history)
    }

    /// Checks the same with a genesis file that is not yet read, and the changes to the network since.
    ///
    /// - Throws: `VerificationFailure` that names the file that failed, and how.
    package static func verify(
        receipt: [UInt8], disclosure: [UInt8], genesisFile: [UInt8],
        changes: NetworkChangeList = NetworkChangeList([])
    ) throws(VerificationFailure) -> VerifiedEvent {
        let genesis: Genesis
        do throws(GenesisFault) { genesis = try Genesis(parsing: genesisFile) } catch {
            let code: VerificationFailure.Code = error.code == .notCanonical ? .notCanonical : .malformed
            throw VerificationFailure(part: .genesis, code: code, sentence: error.sentence)
        }
        let history = try NetworkHistory(genesis, changes: changes)
        return try verify(receipt: receipt, disclosure: disclosure, history: history)
    }

    /// Checks a receipt and a disclosure that are already read.
    ///
    /// - Throws: `VerificationFailure` that names the file that failed, and how.
    package static func verify(
        _ proof: TlogProof, disclosure: EventDisclosure, history: NetworkHistory
    ) throws(VerificationFailure) -> VerifiedEvent {
        guard proof.extra == nil else { throw .receipt(.notCanonical, "it has extra data") }
        let service = try disclosure.verify(history)
        let checkpoint: VerifiedCheckpoint
        do throws(ProtocolFault) { checkpoint = try history.verify(proof.checkpoint) } catch {
            throw .receipt(code(of: error), error.sentence)
        }
        do throws(NoteError) {
            try proof.verifyInclusion(leafHash: disclosure.entry.leafHash)
        } catch {
            throw .receipt(.notIncluded, "the entry of the event is not in the cosigned tree: \(error)")
        }
        return VerifiedEvent(
            entry: disclosure.entry, payload: disclosure.payload, submitter: service, index: proof.index,
            checkpoint: checkpoint, doubt: history.doubt(of: disclosure.entry, in: checkpoint))
    }

    static func code(of fault: ProtocolFault) -> VerificationFailure.Code {
        switch fault.code {
        case .wrongNetwork: .wrongNetwork
        case .quorumNotMet: .quorumNotMet
        case .badSignature: .badSignature
        case .unknownValidator: .unknownValidator
        case .inconsistent, .wrongPredecessor, .wrongRoot, .forked, .wrongSubmission: .malformed
        }
    }
}
