package import Cryptography

/// One secret key as a file holds it: the line `consentry-key-v1 <kind> <base64 of 32 bytes>`.
///
/// Reading and writing the file is the caller's part, with mode 0600.
package struct KeyFile: ~Copyable, Sendable {
    /// What the key is for.
    package enum Kind: String, CaseIterable, Hashable, Sendable {
        /// The seed of an Ed25519 signing key.
        case ed25519
        /// An X25519 secret.
        case x25519
        /// A key of a symmetric algorithm.
        case symmetric
    }

    /// The number of bytes of every key.
    package static let keyByteCount = 32
    private static let firstWord = "consentry-key-v1"

    /// What the key is for.
    package let kind: Kind
    /// The key.
    package let secret: SecretBytes

    /// Takes a key of 32 bytes over.
    package init(kind: Kind, secret: consuming SecretBytes) {
        precondition(secret.byteCount == Self.keyByteCount, "a key file holds 32 bytes")
        self.kind = kind
        self.secret = secret
    }

    /// Reads the line strictly: one space between the words, one newline at the end.
    ///
    /// - Throws: `KeyFileFault`, which never tells what was read.
    package init(parsing bytes: [UInt8]) throws(KeyFileFault) {
        guard bytes.last == UInt8(ascii: "\n"), let line = String(validating: bytes.dropLast(), as: UTF8.self)
        else { throw .malformed }
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[0] == Self.firstWord else { throw .malformed }
        guard let kind = Kind(rawValue: String(words[1])) else { throw .unknownKind }
        guard var secret = Base64.decode(words[2]), secret.count == Self.keyByteCount else {
            throw .malformed
        }
        self.kind = kind
        self.secret = SecretBytes(moving: &secret)
    }

    /// Writes the line; the caller keeps it no longer than it takes to write the file.
    package borrowing func encoded() -> [UInt8] {
        let text = secret.withBytes { Base64.encode([UInt8]($0)) }
        return [UInt8]("\(Self.firstWord) \(kind.rawValue) \(text)\n".utf8)
    }

    /// Gives the signing key of a file of the kind `ed25519`.
    ///
    /// - Throws: `KeyFileFault.wrongKind` for a file of another kind.
    package borrowing func signingKey() throws(KeyFileFault) -> SigningKey {
        guard kind == .ed25519 else { throw .wrongKind(expected: .ed25519, found: kind) }
        do { return try SigningKey(seed: secret) } catch { throw .malformed }
    }

    /// Gives the sealing key of a file of the kind `x25519`.
    ///
    /// - Throws: `KeyFileFault.wrongKind` for a file of another kind.
    package borrowing func sealingKey() throws(KeyFileFault) -> SealingKey {
        guard kind == .x25519 else { throw .wrongKind(expected: .x25519, found: kind) }
        do { return try SealingKey(secret: secret) } catch { throw .malformed }
    }

    /// Gives the key of a file of the kind `symmetric`.
    ///
    /// - Throws: `KeyFileFault.wrongKind` for a file of another kind.
    package consuming func symmetricKey() throws(KeyFileFault) -> SecretKey {
        guard kind == .symmetric else { throw .wrongKind(expected: .symmetric, found: kind) }
        return SecretKey(secret)
    }
}

/// Says why a key file is refused; never tells what it holds.
package enum KeyFileFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bytes are not one line of a key file.
    case malformed
    /// The line names a kind that this version does not know.
    case unknownKind
    /// The key is for something else.
    case wrongKind(expected: KeyFile.Kind, found: KeyFile.Kind)

    package var description: String {
        switch self {
        case .malformed: "the file is not a key file of this suite; make it with `consentry network init`"
        case .unknownKind: "the key file names an unknown kind of key; use a newer version of the suite"
        case .wrongKind(let expected, let found):
            "the key file holds a key of the kind `\(found.rawValue)` and `\(expected.rawValue)` is needed"
        }
    }
}
