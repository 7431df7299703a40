package import Cryptography
package import Model

/// A validator's word on which height it works; whoever is ahead answers with final blocks.
package struct HeightStatus: BinaryForm {
    package static let magic = "CSH1"

    /// The network that this is for.
    package let networkID: NetworkID
    /// Whose word it is.
    package let validator: ValidatorIndex
    /// The height that it works on.
    package let height: BlockHeight
    /// The signature by the consensus key, not yet verified.
    package let signature: Signature

    /// Signs a status with the validator's consensus key.
    package static func make(
        networkID: NetworkID, validator: ValidatorIndex, height: BlockHeight, signer: Signer
    ) -> HeightStatus {
        let body = body(networkID: networkID, validator: validator, height: height)
        return HeightStatus(
            networkID: networkID, validator: validator, height: height,
            signature: signer.sign(DomainTag.status + body.bytes))
    }

    private init(
        networkID: NetworkID, validator: ValidatorIndex, height: BlockHeight, signature: Signature
    ) {
        self.networkID = networkID
        self.validator = validator
        self.height = height
        self.signature = signature
    }

    package init(decoding bytes: [UInt8]) throws(DecodingFault) {
        var reader = try BinaryReader(bytes, magic: Self.magic)
        networkID = try reader.digest()
        validator = ValidatorIndex(try reader.integer())
        height = try reader.height()
        signature = try reader.signature()
        try reader.end()
    }

    package var encoded: [UInt8] {
        var writer = Self.body(networkID: networkID, validator: validator, height: height)
        writer.append(signature)
        return writer.bytes
    }

    /// Checks network, validator and signature.
    ///
    /// - Throws: `ProtocolFault` that says what does not hold.
    package func verify(_ history: NetworkHistory) throws(ProtocolFault) {
        let body = Self.body(networkID: networkID, validator: validator, height: height)
        try history.verify(
            signature, of: DomainTag.status + body.bytes, by: validator, networkID: networkID, noun: "status")
    }

    private static func body(
        networkID: NetworkID, validator: ValidatorIndex, height: BlockHeight
    ) -> BinaryWriter {
        var writer = BinaryWriter(magic: magic, capacity: 110)
        writer.append(networkID)
        writer.append(validator.value)
        writer.append(height.value)
        return writer
    }
}
