package import Cryptography
package import LedgerProtocol
import Merkle
package import Model
package import TransparencyLog

/// What a witness remembers of a log, as it is stored; texts as their bytes, since equal strings may differ
/// in them.
package struct WitnessedLogRow: Hashable, Sendable {
    /// The log, which is the primary key.
    package let origin: [UInt8]
    /// The size that was cosigned last.
    package let size: Int64
    /// The root of that size.
    package let root: [UInt8]
    /// The note that was cosigned; nil for a log of which nothing was.
    package let note: [UInt8]?
    /// The line of the cosignature.
    package let cosignature: [UInt8]?

    /// Takes the columns as they are.
    package init(origin: [UInt8], size: Int64, root: [UInt8], note: [UInt8]?, cosignature: [UInt8]?) {
        self.origin = origin
        self.size = size
        self.root = root
        self.note = note
        self.cosignature = cosignature
    }

    /// The log as people read it.
    package var name: String { "log `\(String(decoding: origin, as: UTF8.self))`" }

    /// Whether nothing of the log was cosigned, and nothing is said to be.
    package var isBlank: Bool {
        size == 0 && root == MerkleTree.emptyRoot.bytes && note == nil && cosignature == nil
    }

    /// Whether the witness with this key cosigned what the row says.
    package func isCosigned(by key: NoteVerifierKey) -> Bool {
        guard let note, let cosignature, let signed = StoredText.note(note),
            let signature = StoredText.signature(cosignature), key.verifies(signature, text: signed.text),
            let checkpoint = try? Checkpoint(parsing: signed.text, extensionLines: .ignored)
        else { return false }
        return checkpoint.origin.utf8.elementsEqual(origin) && checkpoint.size == UInt64(bitPattern: size)
            && checkpoint.root.bytes == root
    }
}

/// A checkpoint that a log signed and that was not cosigned, as it is stored.
package struct WitnessEvidenceRow: RememberedRow {
    /// The primary key.
    package struct Key: Hashable, Sendable {
        /// The log.
        package let origin: [UInt8]
        /// The size that was held.
        package let heldSize: Int64
        /// The hash of the text that the log signed.
        package let digest: [UInt8]

        /// Joins the columns.
        package init(origin: [UInt8], heldSize: Int64, digest: [UInt8]) {
            self.origin = origin
            self.heldSize = heldSize
            self.digest = digest
        }
    }

    package let key: Key
    /// Whether the log signed two roots for one size.
    package let isFork: Bool
    /// The note that was held.
    package let heldNote: [UInt8]?
    /// The request as it was judged.
    package let request: [UInt8]
    /// When it was stored, as text; remembered as first seen.
    package let storedAt: [UInt8]

    /// Takes the columns as they are.
    package init(key: Key, isFork: Bool, heldNote: [UInt8]?, request: [UInt8], storedAt: [UInt8]) {
        self.key = key
        self.isFork = isFork
        self.heldNote = heldNote
        self.request = request
        self.storedAt = storedAt
    }

    package var name: String {
        "log `\(String(decoding: key.origin, as: UTF8.self))`, held size \(key.heldSize), digest "
            + Hex.encode(key.digest)
    }

    /// Says whether a refused request is evidence, and of a fork; nil when it is none.
    ///
    /// SPEC tlog-witness: what a known log signed and is not consistent may be proof of its misbehaviour.
    package static func isFork(
        _ refusal: WitnessRefusal, _ checkpoint: Checkpoint, held: (size: UInt64, root: Digest)?
    ) -> Bool? {
        if let held, held.size > 0, checkpoint.size == held.size, checkpoint.root != held.root { return true }
        if case .inconsistent = refusal { return false }
        return nil
    }

    /// Whether the row says what a witness of this log finds when it judges the request once more.
    package func isEvidence(against logKeys: [NoteVerifierKey]) -> Bool {
        guard let request = try? AddCheckpointRequest(parsing: request),
            request.encoded().utf8.elementsEqual(self.request),
            request.checkpoint.origin.utf8.elementsEqual(key.origin),
            SHA256.hash([UInt8](request.note.text.utf8)).bytes == key.digest
        else { return false }
        var held: (size: UInt64, root: Digest)?
        if let heldNote {
            guard let note = StoredText.note(heldNote),
                logKeys.contains(where: { (try? note.isSigned(by: $0)) == true }),
                let checkpoint = try? Checkpoint(parsing: note.text, extensionLines: .ignored),
                checkpoint.origin.utf8.elementsEqual(key.origin)
            else { return false }
            held = (checkpoint.size, checkpoint.root)
        }
        guard UInt64(bitPattern: key.heldSize) == held?.size ?? 0,
            case .refuse(let refusal) = WitnessDecision.decide(request, logKeys: logKeys, stored: held)
        else { return false }
        return Self.isFork(refusal, request.checkpoint, held: held) == isFork
    }
}

/// The newest cosignature of a witness on this log, as it is stored.
package struct WitnessCosignatureRow: RememberedRow {
    /// The key of the witness, which is the primary key.
    package let key: [UInt8]
    /// The height of the checkpoint.
    package let height: Int64
    /// Its size.
    package let size: Int64
    /// The note that was cosigned.
    package let note: [UInt8]
    /// The line of the cosignature.
    package let line: [UInt8]

    /// Takes the columns as they are.
    package init(key: [UInt8], height: Int64, size: Int64, note: [UInt8], line: [UInt8]) {
        self.key = key
        self.height = height
        self.size = size
        self.note = note
        self.line = line
    }

    package var name: String { "witness `\(String(decoding: key, as: UTF8.self))`" }

    // A block may be stored after the newest height was asked for.
    private static let heightsAheadMax: UInt64 = 64

    /// Says whether one of the witnesses cosigned the checkpoint that this network signed at the height.
    ///
    /// - Parameters:
    ///   - checkpoint: what the block of the height says, nil where it is missing.
    ///   - through: the height up to which there are blocks.
    package func verdict(
        witnesses: [NoteVerifierKey], checkpoint: [UInt8]?, through: BlockHeight, _ history: NetworkHistory
    ) -> RowVerdict {
        guard let witness = witnesses.first(where: { $0.vkey.utf8.elementsEqual(key) }),
            let signed = StoredText.note(note), let signature = StoredText.signature(line),
            witness.verifies(signature, text: signed.text),
            let verified = try? history.verify(signed),
            verified.checkpoint.size == UInt64(bitPattern: size), height > 0
        else { return .refused }
        guard let checkpoint else {
            return UInt64(height) <= through.value + Self.heightsAheadMax ? .undecided : .refused
        }
        return signed.text.utf8.elementsEqual(checkpoint) ? .believed : .refused
    }
}

/// Reads what a witness stores as text, byte for byte.
private enum StoredText {
    static func note(_ bytes: [UInt8]) -> SignedNote? {
        guard let note = try? SignedNote(parsing: bytes), note.encoded().utf8.elementsEqual(bytes) else {
            return nil
        }
        return note
    }

    static func signature(_ bytes: [UInt8]) -> NoteSignature? {
        guard let text = String(validating: bytes, as: UTF8.self), text.utf8.last == 0x0A,
            let signature = try? NoteSignature(parsingLine: text.dropLast()),
            signature.line.utf8.elementsEqual(bytes)
        else { return nil }
        return signature
    }
}
