package import Cryptography
package import Model
package import TransparencyLog

/// A validator's cosignature on a final checkpoint, on its way to the others.
package struct CosignatureMessage: BinaryForm {
    package static let magic = "CSG1"

    /// The network that this is for.
    package let networkID: NetworkID
    /// The height of the checkpoint.
    package let height: BlockHeight
    /// Who cosigned.
    package let validator: ValidatorIndex
    /// The SHA-256 of the checkpoint text.
    package let checkpointHash: Digest
    /// The cosignature as C2SP defines it, not yet verified.
    package let cosignature: Cosignature

    /// Takes the fields as they are.
    package init(
        networkID: NetworkID, height: BlockHeight, validator: ValidatorIndex, checkpointHash: Digest,
        cosignature: Cosignature
    ) {
        self.networkID = networkID
        self.height = height
        self.validator = validator
        self.checkpointHash = checkpointHash
        self.cosignature = cosignature
    }

    package init(decoding bytes: [UInt8]) throws(DecodingFault) {
        var reader = try BinaryReader(bytes, magic: Self.magic)
        networkID = try reader.digest()
        height = try reader.height()
        validator = ValidatorIndex(try reader.integer())
        checkpointHash = try reader.digest()
        let time: UInt64 = try reader.integer()
        guard time <= Cosignature.timeMax else { throw reader.fault(.valueOutOfRange) }
        cosignature = Cosignature(time: time, signature: try reader.signature())
        try reader.end()
    }

    package var encoded: [UInt8] {
        var writer = BinaryWriter(magic: Self.magic, capacity: 150)
        writer.append(networkID)
        writer.append(height.value)
        writer.append(validator.value)
        writer.append(checkpointHash)
        writer.append(cosignature.time)
        writer.append(cosignature.signature)
        return writer.bytes
    }

    /// Checks network, that the validator was in force at the height, and the cosignature over the text of
    /// that height's checkpoint.
    ///
    /// - Throws: `ProtocolFault` that says what does not hold.
    package func verify(_ network: NetworkState, checkpointText: String) throws(ProtocolFault) {
        guard networkID == network.networkID else {
            throw ProtocolFault(.wrongNetwork, "the cosignature is for another network")
        }
        guard let validator = network.validator(validator) else {
            throw ProtocolFault(
                .unknownValidator, "the cosignature names the unknown validator `\(validator)`")
        }
        guard SHA256.hash([UInt8](checkpointText.utf8)) == checkpointHash else {
            throw ProtocolFault(.inconsistent, "the cosignature is for another checkpoint of this height")
        }
        guard cosignature.verify(checkpointText: checkpointText, key: validator.cosignatureKey) else {
            throw ProtocolFault(
                .badSignature, "the checkpoint is not cosigned by the cosignature key of `\(validator.name)`")
        }
    }
}
