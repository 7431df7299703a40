package import Cryptography
package import Model

/// Bytes sealed to several recipients: one data key, wrapped for each of them.
///
/// Canonical JSON, `{"ciphertext":…,"nonce":…,"recipients":[{"key":…,"recipient":…}]}`; a recipient is
/// named by the SHA-256 of its X25519 public key.
package struct SealedEnvelope: Hashable, Sendable {
    /// The data key, wrapped for one recipient.
    package struct Recipient: Hashable, Sendable {
        /// The SHA-256 of the recipient's public key.
        package let name: Digest
        /// The data key in an anonymous box (libsodium's `crypto_box_seal`).
        package let wrappedKey: [UInt8]
    }

    /// The most recipients of one envelope.
    package static let recipientsMax = 64
    /// The bytes of an anonymous box around 32 bytes.
    private static let wrappedKeyByteCount = 80

    /// The ciphertext with its tag (XChaCha20-Poly1305).
    package let ciphertext: [UInt8]
    /// The nonce of 24 bytes.
    package let nonce: [UInt8]
    /// The recipients, ascending by name.
    package let recipients: [Recipient]

    /// Seals bytes so that each recipient opens them, and only with the same associated data.
    ///
    /// There must be 1 to 64 recipients; one that is named twice counts once.
    package static func seal(
        _ plaintext: [UInt8], to keys: [PublicSealingKey], associatedData: [UInt8]
    ) -> SealedEnvelope {
        let distinct = Set(keys)
        precondition((1...recipientsMax).contains(distinct.count), "an envelope has 1 to 64 recipients")
        let dataKey = SecretBytes(byteCount: XChaCha20Poly1305.keyByteCount)
        let nonce = Random.bytes(XChaCha20Poly1305.nonceByteCount)
        let recipients = distinct.map { key in
            let wrapped = dataKey.withBytes { key.seal([UInt8]($0)) }
            return Recipient(name: name(of: key), wrappedKey: wrapped)
        }
        return SealedEnvelope(
            ciphertext: XChaCha20Poly1305.seal(
                plaintext, nonce: nonce, associatedData: associatedData, key: dataKey),
            nonce: nonce, recipients: recipients.sorted { $0.name < $1.name })
    }

    private init(ciphertext: [UInt8], nonce: [UInt8], recipients: [Recipient]) {
        self.ciphertext = ciphertext
        self.nonce = nonce
        self.recipients = recipients
    }

    /// Gives the name under which a recipient finds its wrapped key.
    package static func name(of key: PublicSealingKey) -> Digest { SHA256.hash(key.bytes) }

    /// Says whether the envelope is sealed to a key.
    package func isSealed(to key: PublicSealingKey) -> Bool {
        let name = Self.name(of: key)
        return recipients.contains { $0.name == name }
    }

    /// Opens the envelope as one of its recipients.
    ///
    /// - Throws: `SealedEnvelopeFault`: `.notARecipient`, or `.refused` when it was changed or the data
    ///   differ.
    package func open(
        with unsealer: Unsealer, associatedData: [UInt8]
    ) throws(SealedEnvelopeFault) -> [UInt8] {
        let name = Self.name(of: unsealer.publicKey)
        guard let recipient = recipients.first(where: { $0.name == name }) else { throw .notARecipient }
        do throws(CryptographyError) {
            var dataKey = try unsealer.open(recipient.wrappedKey)
            let key = SecretBytes(moving: &dataKey)
            return try XChaCha20Poly1305.open(
                ciphertext, nonce: nonce, associatedData: associatedData, key: key)
        } catch {
            throw .refused
        }
    }

    /// Reads the envelope strictly from JSON.
    ///
    /// - Throws: `SealedEnvelopeFault.malformed`.
    package init(_ value: JSONValue) throws(SealedEnvelopeFault) {
        guard let members = value.members, members.map(\.name) == ["ciphertext", "nonce", "recipients"],
            let ciphertext = value["ciphertext"]?.string.flatMap({ Base64.decode($0) }),
            ciphertext.count >= XChaCha20Poly1305.tagByteCount,
            let nonce = value["nonce"]?.string.flatMap({ Base64.decode($0) }),
            nonce.count == XChaCha20Poly1305.nonceByteCount,
            let elements = value["recipients"]?.array, (1...Self.recipientsMax).contains(elements.count)
        else { throw .malformed }
        var recipients: [Recipient] = []
        for element in elements {
            guard let members = element.members, members.map(\.name) == ["key", "recipient"],
                let name = element["recipient"]?.string.flatMap({ Digest(hex: $0) }),
                let wrapped = element["key"]?.string.flatMap({ Base64.decode($0) }),
                wrapped.count == Self.wrappedKeyByteCount, recipients.last.map({ $0.name < name }) ?? true
            else { throw .malformed }
            recipients.append(Recipient(name: name, wrappedKey: wrapped))
        }
        self.init(ciphertext: ciphertext, nonce: nonce, recipients: recipients)
    }

    /// Reads the envelope from its canonical bytes.
    ///
    /// - Throws: `SealedEnvelopeFault.malformed`.
    package init(parsing bytes: [UInt8]) throws(SealedEnvelopeFault) {
        guard let value = try? JSONValue(parsing: bytes) else { throw .malformed }
        try self.init(value)
        guard self.bytes == bytes else { throw .malformed }
    }

    /// The envelope as JSON, its members in canonical order.
    package var json: JSONValue {
        [
            "ciphertext": .string(Base64.encode(ciphertext)), "nonce": .string(Base64.encode(nonce)),
            "recipients": .array(
                recipients.map {
                    ["key": .string(Base64.encode($0.wrappedKey)), "recipient": .string($0.name.hex)]
                }),
        ]
    }

    /// The canonical bytes; Base64 and hexadecimal need no escapes, and the members are in canonical order.
    package var bytes: [UInt8] { json.encoded() }
}

/// Says why an envelope cannot be opened; never tells what is inside.
package enum SealedEnvelopeFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The document is not a sealed envelope.
    case malformed
    /// The envelope is sealed to others.
    case notARecipient
    /// The envelope or its associated data were changed.
    case refused

    package var description: String {
        switch self {
        case .malformed: "the document is not a sealed envelope; take the record as it was published"
        case .notARecipient: "the envelope is not sealed to this key; use the key of an entitled recipient"
        case .refused: "the envelope does not open; it, or what it belongs to, was changed"
        }
    }
}
