package import Cryptography
package import Merkle

/// States the size and root of a log (C2SP tlog-checkpoint).
package struct Checkpoint: Hashable, Sendable {
    /// Says what to do with lines after the root.
    package enum ExtensionLines: Hashable, Sendable {
        /// Refuses them, as this suite's own headers have none.
        case refused
        /// Passes over them, for other logs; cosign the note's own text then, not `text`.
        case ignored
    }

    /// The log's name.
    package let origin: String
    /// The number of leaves.
    package let size: UInt64
    /// The RFC 6962 root.
    package let root: Digest

    /// States a size and root; the origin must be one that `NoteName.isValid` allows.
    package init(origin: String, size: UInt64, root: Digest) {
        precondition(NoteName.isValid(origin), "a log's origin holds no space and no plus")
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// Reads a checkpoint without extension lines.
    ///
    /// - Throws: `NoteError.malformedCheckpoint`.
    package init(parsing text: String) throws(NoteError) {
        try self.init(parsing: text, extensionLines: .refused)
    }

    /// Reads a checkpoint.
    ///
    /// - Throws: `NoteError.malformedCheckpoint`.
    package init(parsing text: String, extensionLines: ExtensionLines) throws(NoteError) {
        guard let lines = NoteText.lines(of: [UInt8](text.utf8)), lines.count >= 3 else {
            throw .malformedCheckpoint("it needs three lines: origin, size, root")
        }
        guard lines.count == 3 || extensionLines == .ignored else {
            throw .malformedCheckpoint("it has more than three lines")
        }
        guard lines.allSatisfy({ !$0.isEmpty }) else { throw .malformedCheckpoint("a line is empty") }
        guard let size = NoteText.decimal(lines[1]) else {
            throw .malformedCheckpoint("`\(NoteText.string(lines[1]))` is not a tree size")
        }
        guard let root = Base64.decode(NoteText.string(lines[2])).flatMap({ Digest($0) }) else {
            throw .malformedCheckpoint("the root is not base64 of 32 bytes")
        }
        guard lines[0].allSatisfy({ $0 >= 0x20 }) else {
            throw .malformedCheckpoint("the origin holds a control character")
        }
        origin = NoteText.string(lines[0])
        self.size = size
        self.root = root
    }

    /// The three lines, each with its newline.
    package var text: String { "\(origin)\n\(size)\n\(Base64.encode(root.bytes))\n" }

    /// Compares origins byte for byte, because `==` on strings equates different spellings in Unicode.
    package static func == (left: Checkpoint, right: Checkpoint) -> Bool {
        left.size == right.size && left.root == right.root && NoteText.same(left.origin, right.origin)
    }

    /// Feeds size and root, which tell checkpoints apart well enough.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(size)
        hasher.combine(root)
    }
}

/// Holds a timestamped Ed25519 signature over a checkpoint (C2SP tlog-cosignature), not yet verified.
package struct Cosignature: Hashable, Sendable {
    /// The last time that the format holds: 2^63 - 1.
    package static let timeMax = UInt64(Int64.max)

    /// When it was made, in POSIX seconds.
    package let time: UInt64
    /// The signature over the message of that time.
    package let signature: Signature

    /// Joins a time up to `timeMax` and a signature.
    package init(time: UInt64, signature: Signature) {
        precondition(time <= Cosignature.timeMax, "a cosignature's time has 63 bits")
        self.time = time
        self.signature = signature
    }

    /// Cosigns the checkpoint text at that POSIX time in seconds.
    package init(signing checkpointText: String, time: UInt64, with signer: Signer) {
        let message = Cosignature.message(checkpointText: checkpointText, time: time)
        self.init(time: time, signature: signer.sign(message))
    }

    /// Reads eight bytes of time, big endian, and 64 of signature; nil for anything else.
    package init?(noteBytes: [UInt8]) {
        guard noteBytes.count == 8 + Signature.byteCount, let signature = Signature(noteBytes[8...]) else {
            return nil
        }
        let time = noteBytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        guard time <= Cosignature.timeMax else { return nil }
        self.init(time: time, signature: signature)
    }

    /// Eight bytes of time, big endian, and 64 of signature.
    package var noteBytes: [UInt8] { withUnsafeBytes(of: time.bigEndian) { [UInt8]($0) } + signature.bytes }

    /// Gives the bytes that a cosigner signs.
    package static func message(checkpointText: String, time: UInt64) -> [UInt8] {
        [UInt8]("cosignature/v1\ntime \(time)\n\(checkpointText)".utf8)
    }

    /// Says whether the key cosigned the checkpoint text at this time.
    package func verify(checkpointText: String, key: PublicSigningKey) -> Bool {
        key.verifies(signature, of: Cosignature.message(checkpointText: checkpointText, time: time))
    }
}

extension RangeProof {
    /// Checks that the leaves are in the tree that a verified checkpoint states, size and root.
    ///
    /// - Throws: `NoteError.invalidProof`.
    package func verify(
        leafHashes: [Digest], checkpoint: Checkpoint
    ) throws(NoteError) -> ProvenRange {
        guard treeSize == checkpoint.size else {
            throw .invalidProof(.treeSizeMismatch(expected: checkpoint.size, found: treeSize))
        }
        do {
            return try verify(leafHashes: leafHashes, root: checkpoint.root)
        } catch {
            throw .invalidProof(error)
        }
    }
}
