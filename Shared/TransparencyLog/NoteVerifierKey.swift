package import Cryptography

/// Names a key that verifies signature lines of notes.
package struct NoteVerifierKey: Hashable, Sendable {
    /// The types of the C2SP texts that this suite uses.
    package enum Kind: UInt8, Hashable, Sendable {
        /// Ed25519 over the note's text.
        case log = 0x01
        /// Ed25519 over a time and the note's text.
        case cosignature = 0x04
    }

    /// The key's name in signature lines.
    package let name: String
    /// What its signatures cover.
    package let kind: Kind
    /// The Ed25519 key.
    package let key: PublicSigningKey
    /// The first four bytes of SHA-256 of name, newline, type and key, big endian.
    package let id: UInt32

    /// Names a key; the name must be one that `NoteName.isValid` allows.
    package init(name: String, kind: Kind, key: PublicSigningKey) {
        precondition(NoteName.isValid(name), "a key's name holds no space and no plus")
        self.name = name
        self.kind = kind
        self.key = key
        id = NoteVerifierKey.id(name: name, kind: kind, key: key)
    }

    /// Reads `name+id+base64`.
    ///
    /// - Throws: `NoteError.malformedKey` when a part is wrong, the type unknown or the id not the
    ///   key's.
    package init(vkey: String) throws(NoteError) {
        let parts = vkey.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, NoteName.isValid(parts[0]) else {
            throw .malformedKey("`\(vkey)` is not of the form name+id+base64")
        }
        guard let id = Hex.decode(parts[1]), id.count == 4, let encoded = Base64.decode(parts[2]) else {
            throw .malformedKey("`\(vkey)` needs an id of 8 lower-case hexadecimal digits and base64")
        }
        guard let kind = encoded.first.flatMap(Kind.init(rawValue:)) else {
            throw .malformedKey("`\(vkey)` is of a type that is not supported; use 0x01 or 0x04")
        }
        do {
            self.init(name: String(parts[0]), kind: kind, key: try PublicSigningKey([UInt8](encoded[1...])))
        } catch {
            throw .malformedKey(error.sentence)
        }
        guard self.id == id.reduce(0, { $0 << 8 | UInt32($1) }) else {
            throw .malformedKey("`\(vkey)` states an id that is not this key's")
        }
    }

    /// The text `name+id+base64`.
    package var vkey: String {
        let id = withUnsafeBytes(of: id.bigEndian) { Hex.encode([UInt8]($0)) }
        return "\(name)+\(id)+\(Base64.encode([kind.rawValue] + key.bytes))"
    }

    /// Says whether the line names this key, by name and id.
    package func matches(_ signature: NoteSignature) -> Bool {
        signature.keyHash == id && NoteText.same(signature.name, name)
    }

    /// Says whether the line names this key and its signature verifies over the text.
    package func verifies(_ signature: NoteSignature, text: String) -> Bool {
        guard matches(signature) else { return false }
        switch kind {
        case .log:
            guard let signature = Signature(signature.bytes) else { return false }
            return key.verifies(signature, of: [UInt8](text.utf8))
        case .cosignature:
            guard let cosignature = Cosignature(noteBytes: signature.bytes) else { return false }
            return cosignature.verify(checkpointText: text, key: key)
        }
    }

    private static func id(name: String, kind: Kind, key: PublicSigningKey) -> UInt32 {
        let digest = SHA256.hash(parts: [[UInt8](name.utf8), [NoteText.newline, kind.rawValue], key.bytes])
        return digest.withUnsafeBytes { UInt32(bigEndian: $0.loadUnaligned(as: UInt32.self)) }
    }
}
