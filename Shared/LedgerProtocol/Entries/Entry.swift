package import Cryptography
package import Model

/// The 94 bytes that stand for an event on the ledger, without personal data.
package struct Entry: BinaryForm {
    package static let magic = "CSE1"
    /// The number of bytes of every entry.
    package static let byteCount = 94
    /// The number of bytes in front of the commitment, which the commitment covers.
    package static let headerByteCount = 62

    /// What the entry says about its payload.
    package let kind: EntryKind
    /// The signing key of the service that submits it.
    package let submitter: KeyID
    /// The random name of the entry and of its event.
    package let id: EntryID
    /// POSIX seconds; informative, since validity is judged by the time of the block.
    package let time: Int64
    /// Ties the payload to this entry without showing it.
    package let commitment: Digest

    /// Takes the fields as they are.
    package init(kind: EntryKind, submitter: KeyID, id: EntryID, time: Int64, commitment: Digest) {
        self.kind = kind
        self.submitter = submitter
        self.id = id
        self.time = time
        self.commitment = commitment
    }

    package init(decoding bytes: [UInt8]) throws(DecodingFault) {
        var reader = try BinaryReader(bytes, magic: Self.magic)
        kind = EntryKind(rawValue: try reader.integer())
        submitter = KeyID(try reader.digest())
        guard let id = EntryID(bytes[try reader.take(16)]) else { throw reader.fault(.truncated) }
        self.id = id
        time = try reader.integer()
        commitment = try reader.digest()
        try reader.end()
    }

    /// Makes the entry of a payload.
    package static func make(
        kind: EntryKind = .private, submitter: KeyID, id: EntryID, time: Int64, opening: Digest,
        networkID: NetworkID, payload: [UInt8]
    ) -> Entry {
        let header = header(kind: kind, submitter: submitter, id: id, time: time)
        return Entry(
            kind: kind, submitter: submitter, id: id, time: time,
            commitment: commitment(
                opening: opening, networkID: networkID, header62: header.bytes, payload: payload))
    }

    /// Computes HMAC-SHA-256 over network id, the entry's first 62 bytes and the payload; the opening is
    /// the key.
    package static func commitment(
        opening: Digest, networkID: NetworkID, header62: [UInt8], payload: [UInt8]
    ) -> Digest {
        HMACSHA256.authenticate(parts: [networkID.bytes, header62, payload], key: opening.bytes)
    }

    /// Derives the opening of an entry from the erasure secret of the event's subject.
    ///
    /// Once that secret is destroyed nobody can show what the entry stood for.
    package static func opening(of id: EntryID, erasureSecret: borrowing SecretBytes) -> Digest {
        HMACSHA256.authenticate(id.bytes, key: erasureSecret)
    }

    /// Says whether the opening and the payload belong to this entry of this network.
    package func verify(opening: Digest, payload: [UInt8], networkID: NetworkID) -> Bool {
        if kind.isPublic, opening != .zero { return false }
        let expected = Self.commitment(
            opening: opening, networkID: networkID, header62: header.bytes, payload: payload)
        return expected.equalsInConstantTime(commitment)
    }

    package var encoded: [UInt8] {
        var writer = header
        writer.append(commitment)
        return writer.bytes
    }

    /// The hash of this entry as a leaf of the log: SHA-256(0x00 ‖ bytes), RFC 6962 section 2.1.
    package var leafHash: Digest { encoded.withUnsafeBytes { SHA256.hash(prefix: 0x00, $0) } }

    private var header: BinaryWriter { Self.header(kind: kind, submitter: submitter, id: id, time: time) }

    private static func header(kind: EntryKind, submitter: KeyID, id: EntryID, time: Int64) -> BinaryWriter {
        var writer = BinaryWriter(magic: magic, capacity: byteCount)
        writer.append(kind.rawValue)
        writer.append(submitter.digest)
        writer.append(id.bytes)
        writer.append(time)
        return writer
    }
}
