package import Cryptography

/// Holds one signature line of a note, not yet verified.
package struct NoteSignature: Hashable, Sendable {
    /// The name of the key, as the line states it.
    package let name: String
    /// The first four bytes of the key's hash, big endian, as the line states them.
    package let keyHash: UInt32
    /// The signature, whose form depends on the kind of the key.
    package let bytes: [UInt8]

    /// Takes the parts of a line; the name must be one that `NoteName.isValid` allows.
    package init(name: String, keyHash: UInt32, bytes: [UInt8]) {
        precondition(NoteName.isValid(name) && !bytes.isEmpty, "a note's signature has a name and bytes")
        self.name = name
        self.keyHash = keyHash
        self.bytes = bytes
    }

    /// Signs the text as a log does (type 0x01).
    package init(signing text: String, name: String, with signer: Signer) {
        let key = NoteVerifierKey(name: name, kind: .log, key: signer.publicKey)
        self.init(name: name, keyHash: key.id, bytes: signer.sign([UInt8](text.utf8)).bytes)
    }

    /// Cosigns the checkpoint text at that POSIX time in seconds (type 0x04).
    package init(cosigning checkpointText: String, name: String, time: UInt64, with signer: Signer) {
        let key = NoteVerifierKey(name: name, kind: .cosignature, key: signer.publicKey)
        let cosignature = Cosignature(signing: checkpointText, time: time, with: signer)
        self.init(name: name, keyHash: key.id, bytes: cosignature.noteBytes)
    }

    /// Reads one signature line without its newline.
    ///
    /// - Throws: `NoteError.malformedNote`.
    package init(parsingLine line: some StringProtocol) throws(NoteError) {
        guard line.utf8.starts(with: NoteSignature.lineStart.utf8) else {
            throw .malformedNote("a signature line starts with an em dash and a space")
        }
        let rest = [UInt8](line.utf8.dropFirst(NoteSignature.lineStart.utf8.count))
        guard let space = rest.lastIndex(of: UInt8(ascii: " ")) else {
            throw .malformedNote("a signature line holds a name, a space and base64")
        }
        let name = NoteText.string(rest[..<space])
        guard NoteName.isValid(name) else {
            throw .malformedNote("the key name `\(name)` is empty or holds a space or plus")
        }
        guard let decoded = Base64.decode(NoteText.string(rest[(space + 1)...])), decoded.count > 4 else {
            throw .malformedNote("the signature of `\(name)` is not base64 of more than 4 bytes")
        }
        self.name = name
        keyHash = decoded[..<4].reduce(0) { $0 << 8 | UInt32($1) }
        bytes = [UInt8](decoded[4...])
    }

    /// The line with its newline.
    package var line: String {
        let hash = withUnsafeBytes(of: keyHash.bigEndian) { [UInt8]($0) }
        return "\(NoteSignature.lineStart)\(name) \(Base64.encode(hash + bytes))\n"
    }

    private static let lineStart = "\u{2014} "
}

/// Holds a text and its signatures (C2SP signed-note), none of them verified.
package struct SignedNote: Hashable, Sendable {
    /// The most bytes of a note; what the reference implementation takes.
    package static let byteCountMax = 1_000_000
    /// The most signature lines of a note; what the reference implementation takes.
    package static let signatureCountMax = 100

    /// The signed text with its final newline.
    package let text: String
    /// The signature lines in their order.
    package var signatures: [NoteSignature]

    /// Joins a text that ends in a newline and signatures.
    package init(text: String, signatures: [NoteSignature]) {
        precondition(text.utf8.last == NoteText.newline, "the text of a note ends in a newline")
        self.text = text
        self.signatures = signatures
    }

    /// Reads a note.
    ///
    /// - Throws: `NoteError.malformedNote` at the first departure from the C2SP text or above a limit.
    package init(parsing text: String) throws(NoteError) {
        try self.init(parsing: [UInt8](text.utf8))
    }

    /// Reads a note from its bytes.
    ///
    /// - Throws: `NoteError.malformedNote` at the first departure from the C2SP text or above a limit.
    package init(parsing bytes: [UInt8]) throws(NoteError) {
        guard bytes.count <= SignedNote.byteCountMax else {
            throw .malformedNote("it is longer than `\(SignedNote.byteCountMax)` bytes")
        }
        // SPEC signed-note: valid UTF-8 without control characters other than newline.
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .malformedNote("it is not UTF-8") }
        guard bytes.allSatisfy({ $0 >= 0x20 || $0 == NoteText.newline }) else {
            throw .malformedNote("it holds a control character")
        }
        // SPEC signed-note: the last empty line separates the text from the signatures.
        guard let separator = SignedNote.lastEmptyLine(in: bytes) else {
            throw .malformedNote("no empty line separates the text from the signatures")
        }
        guard let lines = NoteText.lines(of: bytes[(separator + 2)...]), !lines.isEmpty else {
            throw .malformedNote("it does not end in a signature line")
        }
        guard lines.count <= SignedNote.signatureCountMax else {
            throw .malformedNote("it has more than `\(SignedNote.signatureCountMax)` signatures")
        }
        var signatures: [NoteSignature] = []
        for line in lines { signatures.append(try NoteSignature(parsingLine: NoteText.string(line))) }
        text = NoteText.string(bytes[...separator])
        self.signatures = signatures
    }

    /// Writes the note; reading gives the same note again.
    package func encoded() -> String { signatures.reduce(into: text + "\n") { $0 += $1.line } }

    /// Says whether the key signed: false when it has no line here.
    ///
    /// - Throws: `NoteError.invalidSignature` when a line of this key does not verify.
    package func isSigned(by key: NoteVerifierKey) throws(NoteError) -> Bool {
        var signed = false
        for signature in signatures where key.matches(signature) {
            // SPEC signed-note: a signature whose name and id match a known key is verified, never
            // skipped.
            guard key.verifies(signature, text: text) else { throw .invalidSignature(name: key.name) }
            signed = true
        }
        return signed
    }

    /// Finds the last newline that is followed by another.
    private static func lastEmptyLine(in bytes: [UInt8]) -> Int? {
        guard bytes.count >= 2 else { return nil }
        return (0..<bytes.count - 1).last {
            bytes[$0] == NoteText.newline && bytes[$0 + 1] == NoteText.newline
        }
    }
}
