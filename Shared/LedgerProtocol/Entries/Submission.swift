package import Cryptography
import Merkle

/// 1 to 1,024 entries of one service, signed once and sent together.
///
/// The bytes received are the bytes hashed: they are kept, and the entries are read from them when asked
/// for.
package struct Submission: BinaryForm {
    package static let magic = "CSS1"
    /// The bytes in front of the first entry: magic, network id, key id, sequence, count.
    private static let headerByteCount = 78

    /// The bytes as received or made.
    package let encoded: [UInt8]
    /// The network that this is for.
    package let networkID: NetworkID
    /// The signing key, which submits every entry.
    package let keyID: KeyID
    /// The place among the key's submissions, from 0, without gaps.
    package let sequence: UInt64
    /// How many entries there are.
    package let entryCount: Int
    /// The payloads of the public entries, in the entries' order.
    package let publicPayloads: [[UInt8]]
    /// The signature over `signedBytes`, not yet verified.
    package let signature: Signature
    /// The hash of each entry as a leaf of the log, in their order.
    package let leafHashes: [Digest]
    /// SHA-256 of the bytes, by which proposals and receipts name it.
    package let hash: Digest

    package init(decoding bytes: [UInt8]) throws(DecodingFault) {
        var reader = try BinaryReader(bytes, magic: Self.magic)
        networkID = try reader.digest()
        keyID = KeyID(try reader.digest())
        sequence = try reader.integer()
        entryCount = try reader.count(UInt16.self, in: 1...ProtocolLimits.submissionEntriesMax)
        let range = try reader.take(entryCount * Entry.byteCount)
        let submitter = keyID
        let scan = try bytes.withUnsafeBufferPointer { (buffer) throws(DecodingFault) -> EntryScan in
            try EntryScan(
                UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: buffer[range])), submitter: submitter)
        }
        leafHashes = scan.leafHashes
        var payloads: [[UInt8]] = []
        var left = ProtocolLimits.submissionPayloadBytesMax
        for _ in 0..<scan.publicCount {
            let count = try reader.count(UInt32.self, in: 0...left)
            left -= count
            payloads.append(try reader.bytes(count))
        }
        publicPayloads = payloads
        signature = try reader.signature()
        try reader.end()
        encoded = bytes
        hash = SHA256.hash(bytes)
    }

    /// Signs entries and reads the result back.
    ///
    /// The entries' submitter must be the signer, and there must be one payload for each public entry,
    /// in their order.
    /// - Throws: `DecodingFault` when the limits or the rules of the form are not kept.
    package static func make(
        networkID: NetworkID, sequence: UInt64, entries: [Entry], publicPayloads: [[UInt8]] = [],
        signer: Signer
    ) throws(DecodingFault) -> Submission {
        guard (1...ProtocolLimits.submissionEntriesMax).contains(entries.count) else {
            throw DecodingFault(.countOutOfRange, form: magic, byteOffset: headerByteCount)
        }
        let publicCount = entries.count { $0.kind.isPublic }
        guard publicCount == publicPayloads.count else {
            throw DecodingFault(.contradiction, form: magic, byteOffset: headerByteCount)
        }
        var writer = BinaryWriter(magic: magic, capacity: 200 + entries.count * Entry.byteCount)
        writer.append(networkID)
        writer.append(signer.keyID.digest)
        writer.append(sequence)
        writer.append(count: entries.count, as: UInt16.self)
        for entry in entries { writer.append(entry.encoded) }
        for payload in publicPayloads {
            guard payload.count <= ProtocolLimits.submissionPayloadBytesMax else {
                throw DecodingFault(.countOutOfRange, form: magic, byteOffset: writer.bytes.count)
            }
            writer.append(count: payload.count, as: UInt32.self)
            writer.append(payload)
        }
        let message = signedBytes(
            networkID: networkID, keyID: signer.keyID, sequence: sequence,
            leafHashes: entries.map(\.leafHash))
        writer.append(signer.sign(message))
        return try Submission(decoding: writer.bytes)
    }

    /// The entries, read from the bytes.
    package var entries: [Entry] {
        entryBytes(0..<entryCount).map { bytes in
            // INVARIANT: `init` has held every entry's magic, the only thing that can be wrong with 94
            // bytes.
            guard let entry = try? Entry(decoding: bytes) else {
                preconditionFailure("an entry that was read once cannot be read again")
            }
            return entry
        }
    }

    /// The bytes of the entries at these places, which are the leaves of the log.
    package func entryBytes(_ places: Range<Int>) -> [[UInt8]] {
        precondition((0...entryCount).contains(places.upperBound), "a submission has an entry at each place")
        return places.map { place in
            let start = Self.headerByteCount + place * Entry.byteCount
            return Array(encoded[start..<start + Entry.byteCount])
        }
    }

    /// Whether any entry is public.
    package var hasPublicEntries: Bool { !publicPayloads.isEmpty }

    /// What the signature covers: the entries by their RFC 6962 root, so that one can be shown without
    /// the others.
    package var signedBytes: [UInt8] {
        Self.signedBytes(networkID: networkID, keyID: keyID, sequence: sequence, leafHashes: leafHashes)
    }

    /// Checks that the submission is for the network, signed by the key, and that public payloads belong to
    /// their entries.
    ///
    /// - Throws: `RefusalCode` as the validator states it to the submitter.
    package func verify(key: PublicSigningKey, networkID: NetworkID) throws(RefusalCode) {
        guard self.networkID == networkID else { throw .wrongNetwork }
        guard key.keyID == keyID else { throw .unknownKey }
        guard key.verifies(signature, of: signedBytes) else { throw .badSignature }
        guard hasPublicEntries else { return }
        for (entry, payload) in zip(entries.filter(\.kind.isPublic), publicPayloads) {
            guard entry.verify(opening: .zero, payload: payload, networkID: networkID) else {
                throw .payloadMismatch
            }
        }
    }

    package static func == (left: Submission, right: Submission) -> Bool { left.encoded == right.encoded }

    package func hash(into hasher: inout Hasher) { hasher.combine(hash) }

    private static func signedBytes(
        networkID: NetworkID, keyID: KeyID, sequence: UInt64, leafHashes: [Digest]
    ) -> [UInt8] {
        var writer = BinaryWriter(magic: "", capacity: 160)
        writer.append(DomainTag.submission)
        writer.append(networkID)
        writer.append(keyID.digest)
        writer.append(sequence)
        writer.append(count: leafHashes.count, as: UInt16.self)
        writer.append(MerkleTree.root(ofLeafHashes: leafHashes))
        return writer.bytes
    }
}

/// One walk over the entries of a submission where they lie, without making a value of each.
private struct EntryScan {
    /// The place of the submitter and of the id in the 94 bytes.
    private static let submitterOffset = 6
    private static let idOffset = 38

    private(set) var leafHashes: [Digest] = []
    private(set) var publicCount = 0

    init(_ entries: UnsafeRawBufferPointer, submitter: KeyID) throws(DecodingFault) {
        let count = entries.count / Entry.byteCount
        leafHashes.reserveCapacity(count)
        var ids: Set<EntryWords> = []
        ids.reserveCapacity(count)
        let magic = UInt32(bigEndian: 0x4353_4531)
        let own = submitter.digest.withUnsafeBytes { SubmitterWords($0, offset: 0) }
        for place in 0..<count {
            let start = place * Entry.byteCount
            let entry = UnsafeRawBufferPointer(rebasing: entries[start..<start + Entry.byteCount])
            guard entry.loadUnaligned(as: UInt32.self) == magic else { throw Self.fault(.wrongMagic, place) }
            if entry[4] & 0x80 != 0 { publicCount += 1 }
            guard SubmitterWords(entry, offset: Self.submitterOffset) == own else {
                throw Self.fault(.contradiction, place)
            }
            let words = EntryWords(
                high: entry.loadUnaligned(fromByteOffset: Self.idOffset, as: UInt64.self),
                low: entry.loadUnaligned(fromByteOffset: Self.idOffset + 8, as: UInt64.self))
            guard ids.insert(words).inserted else { throw Self.fault(.wrongOrder, place) }
            leafHashes.append(MerkleTree.leafHash(entry))
        }
    }

    private static func fault(_ code: DecodingFault.Code, _ place: Int) -> DecodingFault {
        DecodingFault(code, form: Submission.magic, byteOffset: 78 + place * Entry.byteCount)
    }
}

/// The 32 bytes of a key id as they lie in memory, compared eight at a time.
private struct SubmitterWords: Equatable {
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    private let fourth: UInt64

    init(_ bytes: UnsafeRawBufferPointer, offset: Int) {
        first = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        second = bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
        third = bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self)
        fourth = bytes.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self)
    }
}

/// The 16 bytes of an entry id as they lie in memory; only ever compared with each other.
private struct EntryWords: Hashable {
    let high: UInt64
    let low: UInt64
}
