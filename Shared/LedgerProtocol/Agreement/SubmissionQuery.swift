package import Cryptography

/// Asks the other validators for submissions that a proposal names and the sender lacks; not signed.
package struct SubmissionQuery: BinaryForm {
    package static let magic = "CSQ1"

    /// The network that this is for.
    package let networkID: NetworkID
    /// Who asks, by its own word.
    package let validator: ValidatorIndex
    /// The hashes of the submissions, at least one.
    package let hashes: [Digest]

    /// Takes the fields as they are.
    package init(networkID: NetworkID, validator: ValidatorIndex, hashes: [Digest]) {
        self.networkID = networkID
        self.validator = validator
        self.hashes = hashes
    }

    package init(decoding bytes: [UInt8]) throws(DecodingFault) {
        var reader = try BinaryReader(bytes, magic: Self.magic)
        networkID = try reader.digest()
        validator = ValidatorIndex(try reader.integer())
        hashes = try reader.digests(
            try reader.count(UInt16.self, in: 1...ProtocolLimits.blockSubmissionsMax))
        try reader.end()
    }

    package var encoded: [UInt8] {
        var writer = BinaryWriter(magic: Self.magic, capacity: 40 + 32 * hashes.count)
        writer.append(networkID)
        writer.append(validator.value)
        writer.append(count: hashes.count, as: UInt16.self)
        writer.append(hashes)
        return writer.bytes
    }
}
