package import Cryptography
package import Merkle

/// Holds the body of `POST add-checkpoint` (C2SP tlog-witness), nothing in it verified.
package struct AddCheckpointRequest: Hashable, Sendable {
    /// The most hashes that a client may send.
    package static let hashCountMax = 63

    /// The size that the client believes the witness to hold.
    package let oldSize: UInt64
    /// The hashes of the consistency proof.
    package let hashes: [Digest]
    /// The checkpoint with its signatures.
    package let note: SignedNote
    /// What the note states, extension lines aside.
    package let checkpoint: Checkpoint

    /// Joins the parts of a request.
    ///
    /// - Throws: `NoteError.malformedCheckpoint` when the note is not a checkpoint.
    package init(oldSize: UInt64, hashes: [Digest], note: SignedNote) throws(NoteError) {
        self.oldSize = oldSize
        self.hashes = hashes
        self.note = note
        checkpoint = try Checkpoint(parsing: note.text, extensionLines: .ignored)
    }

    /// Reads a request's body.
    ///
    /// - Throws: `NoteError` at the first departure from the C2SP text.
    package init(parsing bytes: [UInt8]) throws(NoteError) {
        guard bytes.count <= SignedNote.byteCountMax else {
            throw .malformedNote("the request is longer than `\(SignedNote.byteCountMax)` bytes")
        }
        var reader = LineReader(bytes)
        guard let oldSize = reader.next()?.dropping(prefix: "old ").flatMap({ NoteText.decimal($0.utf8) })
        else {
            throw .malformedProof("the line `old` with a decimal size is missing")
        }
        guard let hashes = reader.hashesUntilEmptyLine(max: AddCheckpointRequest.hashCountMax) else {
            throw .malformedProof("the hashes are not at most 63 lines of base64, closed by an empty line")
        }
        try self.init(oldSize: oldSize, hashes: hashes, note: SignedNote(parsing: reader.rest))
    }

    /// Writes the request's body.
    package func encoded() -> String {
        var text = "old \(oldSize)\n"
        for hash in hashes { text += Base64.encode(hash.bytes) + "\n" }
        return text + "\n" + note.encoded()
    }
}

/// Says why a witness does not cosign.
package enum WitnessRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The body is not a request.
    case malformedRequest(NoteError)
    /// The witness does not know the log.
    case unknownOrigin(String)
    /// No key that the witness trusts for the log signed, or one of them signed something else.
    case untrustedSignature
    /// The old size is above the checkpoint's.
    case oldSizeTooLarge(oldSize: UInt64, newSize: UInt64)
    /// The witness holds another size.
    case staleSize(stored: UInt64)
    /// The proof does not hold.
    case inconsistent(MerkleError)

    /// The status of the HTTP answer.
    package var statusCode: Int {
        switch self {
        case .malformedRequest, .oldSizeTooLarge: 400
        case .unknownOrigin: 404
        case .untrustedSignature: 403
        case .staleSize: 409
        case .inconsistent: 422
        }
    }

    /// The media type of the HTTP answer.
    package var contentType: String {
        if case .staleSize = self { "text/x.tlog.size" } else { "text/plain; charset=utf-8" }
    }

    /// The body of the HTTP answer: the stored size for a stale request, else the sentence.
    package var body: String {
        if case .staleSize(let stored) = self { "\(stored)\n" } else { description + "\n" }
    }

    /// What is wrong and what to do next.
    package var description: String {
        switch self {
        case .malformedRequest(let error): error.description
        case .unknownOrigin(let origin): "the log `\(origin)` is not known here; ask the operator to add it"
        case .untrustedSignature:
            "no trusted key of the log signed the checkpoint; send the log's own signature"
        case .oldSizeTooLarge(let oldSize, let newSize):
            "the old size `\(oldSize)` is above the checkpoint's `\(newSize)`; send a newer checkpoint"
        case .staleSize(let stored): "the witness holds size `\(stored)`; prove consistency from there"
        case .inconsistent(let error): error.description
        }
    }
}

/// Says what a witness does with a request, as a pure function of it and of what the witness holds.
///
/// The caller must store an accepted checkpoint in the same transaction in which it read what it held,
/// and cosign `request.note.text` only after that.
package enum WitnessDecision: Hashable, Sendable {
    /// Store this checkpoint and cosign the note's text.
    case accept(Checkpoint)
    /// Answer with the refusal and change nothing.
    case refuse(WitnessRefusal)

    /// Decides on a request.
    ///
    /// `logKeys` are the keys trusted for the request's origin, nil when the log is not known; `stored`
    /// is the last checkpoint cosigned for it, nil when there is none.
    package static func decide(
        _ request: AddCheckpointRequest, logKeys: [NoteVerifierKey]?, stored: (size: UInt64, root: Digest)?
    ) -> WitnessDecision {
        do {
            try check(request, logKeys: logKeys, stored: stored)
            return .accept(request.checkpoint)
        } catch {
            return .refuse(error)
        }
    }

    // The order of the checks is the C2SP text's.
    private static func check(
        _ request: AddCheckpointRequest, logKeys: [NoteVerifierKey]?, stored: (size: UInt64, root: Digest)?
    ) throws(WitnessRefusal) {
        let checkpoint = request.checkpoint
        guard let logKeys else { throw .unknownOrigin(checkpoint.origin) }
        guard isSigned(request.note, byOneOf: logKeys) else { throw .untrustedSignature }
        // SPEC tlog-witness: the old size is at most the checkpoint's.
        guard request.oldSize <= checkpoint.size else {
            throw .oldSizeTooLarge(oldSize: request.oldSize, newSize: checkpoint.size)
        }
        // SPEC tlog-witness: the old size is the one last cosigned, or zero if there is none.
        let storedSize = stored?.size ?? 0
        guard request.oldSize == storedSize else { throw .staleSize(stored: storedSize) }
        do {
            try checkConsistency(request, oldRoot: stored?.root ?? MerkleTree.emptyRoot)
        } catch {
            throw .inconsistent(error)
        }
    }

    /// SPEC tlog-witness: an empty proof from size zero, else RFC 6962; the same size has the same root.
    private static func checkConsistency(
        _ request: AddCheckpointRequest, oldRoot: Digest
    ) throws(MerkleError) {
        if request.oldSize == 0, request.checkpoint.size > 0 {
            guard request.hashes.isEmpty else {
                throw .wrongHashCount(expected: 0, found: request.hashes.count)
            }
            return
        }
        let proof = ConsistencyProof(
            oldSize: request.oldSize, newSize: request.checkpoint.size, hashes: request.hashes)
        try proof.verify(oldRoot: oldRoot, newRoot: request.checkpoint.root)
    }

    private static func isSigned(_ note: SignedNote, byOneOf keys: [NoteVerifierKey]) -> Bool {
        var signed = false
        for key in keys {
            guard let isSigned = try? note.isSigned(by: key) else { return false }
            signed = signed || isSigned
        }
        return signed
    }
}
