package import Cryptography
import Merkle

/// Proves, offline, that an entry is in a log (C2SP tlog-proof); nothing in it is verified yet.
package struct TlogProof: Hashable, Sendable {
    /// The most hashes of a proof: one for each bit of a size.
    package static let hashCountMax = UInt64.bitWidth

    /// Bytes of the sender's choice, which nothing authenticates; nil when there are none.
    package let extra: [UInt8]?
    /// The place of the entry, from 0.
    package let index: UInt64
    /// The inclusion proof's hashes.
    package let hashes: [Digest]
    /// The checkpoint with its signatures.
    package let checkpoint: SignedNote

    /// Joins the parts; empty `extra` is the same as none.
    package init(extra: [UInt8]? = nil, index: UInt64, hashes: [Digest], checkpoint: SignedNote) {
        self.extra = extra.flatMap { $0.isEmpty ? nil : $0 }
        self.index = index
        self.hashes = hashes
        self.checkpoint = checkpoint
    }

    /// Reads a proof.
    ///
    /// - Throws: `NoteError` at the first departure from the C2SP text.
    package init(parsing text: String) throws(NoteError) {
        try self.init(parsing: [UInt8](text.utf8))
    }

    /// Reads a proof from its bytes.
    ///
    /// - Throws: `NoteError` at the first departure from the C2SP text.
    package init(parsing bytes: [UInt8]) throws(NoteError) {
        guard bytes.count <= SignedNote.byteCountMax else {
            throw .malformedProof("it is longer than `\(SignedNote.byteCountMax)` bytes")
        }
        var reader = LineReader(bytes)
        guard let first = reader.next(), NoteText.same(first, TlogProof.firstLine) else {
            throw .malformedProof("the first line must be `\(TlogProof.firstLine)`")
        }
        var line = reader.next()
        var extra: [UInt8]?
        if let encoded = line?.dropping(prefix: "extra ") {
            guard let decoded = Base64.decode(encoded), !decoded.isEmpty else {
                throw .malformedProof("the extra data is not base64")
            }
            extra = decoded
            line = reader.next()
        }
        guard let index = line?.dropping(prefix: "index ").flatMap({ NoteText.decimal($0.utf8) }) else {
            throw .malformedProof("the line `index` with a decimal number is missing")
        }
        guard let hashes = reader.hashesUntilEmptyLine(max: TlogProof.hashCountMax) else {
            throw .malformedProof("the hashes are not base64 of 32 bytes a line, closed by an empty line")
        }
        let checkpoint = try SignedNote(parsing: reader.rest)
        _ = try Checkpoint(parsing: checkpoint.text)
        self.init(extra: extra, index: index, hashes: hashes, checkpoint: checkpoint)
    }

    /// Writes the proof; reading gives the same proof again.
    package func encoded() -> String {
        var text = TlogProof.firstLine + "\n"
        if let extra { text += "extra \(Base64.encode(extra))\n" }
        text += "index \(index)\n"
        for hash in hashes { text += Base64.encode(hash.bytes) + "\n" }
        return text + "\n" + checkpoint.encoded()
    }

    /// Checks that the entry is in the tree that the checkpoint states; the checkpoint is not verified
    /// by this.
    ///
    /// - Throws: `NoteError.invalidProof` or `NoteError.malformedCheckpoint`.
    package func verifyInclusion(leafHash: Digest) throws(NoteError) {
        try verifyInclusion(leafHash: leafHash, in: Checkpoint(parsing: checkpoint.text))
    }

    /// Checks everything: that the policy accepts the checkpoint and that the entry is in its tree.
    ///
    /// - Throws: `NoteError` that says what does not hold.
    package func verify(leafHash: Digest, policy: QuorumPolicy) throws(NoteError) -> Checkpoint {
        let verified = try policy.verify(checkpoint)
        try verifyInclusion(leafHash: leafHash, in: verified)
        return verified
    }

    private static let firstLine = "c2sp.org/tlog-proof@v1"

    private func verifyInclusion(leafHash: Digest, in checkpoint: Checkpoint) throws(NoteError) {
        let proof = InclusionProof(leafIndex: index, treeSize: checkpoint.size, hashes: hashes)
        do {
            try proof.verify(leafHash: leafHash, root: checkpoint.root)
        } catch {
            throw .invalidProof(error)
        }
    }
}

/// Takes lines off the front of a text.
struct LineReader {
    private var remaining: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { remaining = bytes[...] }

    /// What no line was taken from yet.
    var rest: [UInt8] { [UInt8](remaining) }

    /// Takes the next line without its newline; nil when no whole line of UTF-8 is left.
    mutating func next() -> String? {
        guard let end = remaining.firstIndex(of: NoteText.newline) else { return nil }
        let line = String(validating: remaining[..<end], as: UTF8.self)
        remaining = remaining[(end + 1)...]
        return line
    }

    /// Takes one base64 hash a line and the empty line after them; nil when one is malformed or there
    /// are too many.
    mutating func hashesUntilEmptyLine(max: Int) -> [Digest]? {
        var hashes: [Digest] = []
        while let line = next() {
            if line.isEmpty { return hashes }
            guard hashes.count < max, let hash = Base64.decode(line).flatMap({ Digest($0) }) else {
                return nil
            }
            hashes.append(hash)
        }
        return nil
    }
}

extension String {
    /// Gives what follows the prefix; nil when the text does not start with its bytes.
    func dropping(prefix: String) -> Substring? {
        utf8.starts(with: prefix.utf8) ? Substring(utf8.dropFirst(prefix.utf8.count)) : nil
    }
}
