package import Cryptography

/// A validator's signed word that it refused a submission by rule, as published on `ledger.receipts`.
package struct SubmissionRefusal: BinaryForm {
    package static let magic = "CSX1"

    /// The parts of a refusal without its signature.
    package struct Content: Hashable, Sendable {
        /// The network that this is for.
        package let networkID: NetworkID
        /// The key that the submission names.
        package let keyID: KeyID
        /// The sequence that the submission names.
        package let sequence: UInt64
        /// The SHA-256 of the submission's bytes.
        package let submissionHash: Digest
        /// Why it was refused.
        package let code: RefusalCode
        /// The key's next sequence as the validator knows it.
        package let nextSequence: UInt64
        /// Who refused.
        package let validator: ValidatorIndex

        /// Takes the parts as they are.
        package init(
            networkID: NetworkID, keyID: KeyID, sequence: UInt64, submissionHash: Digest, code: RefusalCode,
            nextSequence: UInt64, validator: ValidatorIndex
        ) {
            self.networkID = networkID
            self.keyID = keyID
            self.sequence = sequence
            self.submissionHash = submissionHash
            self.code = code
            self.nextSequence = nextSequence
            self.validator = validator
        }
    }

    /// Everything but the signature.
    package let content: Content
    /// The signature by the consensus key, not yet verified.
    package let signature: Signature

    /// Signs a refusal with the validator's consensus key.
    package static func make(_ content: Content, signer: Signer) -> SubmissionRefusal {
        SubmissionRefusal(
            content: content, signature: signer.sign(DomainTag.refusal + body(of: content).bytes))
    }

    private init(content: Content, signature: Signature) {
        self.content = content
        self.signature = signature
    }

    package init(decoding bytes: [UInt8]) throws(DecodingFault) {
        var reader = try BinaryReader(bytes, magic: Self.magic)
        let networkID = try reader.digest()
        let keyID = KeyID(try reader.digest())
        let sequence: UInt64 = try reader.integer()
        let hash = try reader.digest()
        guard let code = RefusalCode(rawValue: try reader.integer()) else {
            throw reader.fault(.valueOutOfRange)
        }
        content = Content(
            networkID: networkID, keyID: keyID, sequence: sequence, submissionHash: hash, code: code,
            nextSequence: try reader.integer(), validator: ValidatorIndex(try reader.integer()))
        signature = try reader.signature()
        try reader.end()
    }

    package var encoded: [UInt8] {
        var writer = Self.body(of: content)
        writer.append(signature)
        return writer.bytes
    }

    /// Checks network, validator and signature.
    ///
    /// One validator's refusal binds nobody: a colluding one could refuse what the others take.
    /// - Throws: `ProtocolFault` that says what does not hold.
    package func verify(_ history: NetworkHistory) throws(ProtocolFault) {
        try history.verify(
            signature, of: DomainTag.refusal + Self.body(of: content).bytes, by: content.validator,
            networkID: content.networkID, noun: "refusal")
    }

    private static func body(of content: Content) -> BinaryWriter {
        var writer = BinaryWriter(magic: magic, capacity: 190)
        writer.append(content.networkID)
        writer.append(content.keyID.digest)
        writer.append(content.sequence)
        writer.append(content.submissionHash)
        writer.append(content.code.rawValue)
        writer.append(content.nextSequence)
        writer.append(content.validator.value)
        return writer
    }
}

/// Any message of the topic `ledger.receipts`, told apart by its magic.
package enum ReceiptMessage: Hashable, Sendable {
    /// Entries are final.
    case record(ReceiptRecord)
    /// A submission was refused.
    case refusal(SubmissionRefusal)

    /// Reads one message.
    ///
    /// - Throws: `DecodingFault`; `.countOutOfRange` above 900,000 bytes, `.wrongMagic` for an unknown
    ///   form.
    package init(decoding bytes: [UInt8]) throws(DecodingFault) {
        guard bytes.count <= ProtocolLimits.recordBytesMax else {
            throw DecodingFault(.countOutOfRange, form: "receipt message", byteOffset: bytes.count)
        }
        switch String(decoding: bytes.prefix(4), as: UTF8.self) {
        case ReceiptRecord.magic: self = .record(try ReceiptRecord(decoding: bytes))
        case SubmissionRefusal.magic: self = .refusal(try SubmissionRefusal(decoding: bytes))
        default: throw DecodingFault(.wrongMagic, form: "receipt message", byteOffset: 0)
        }
    }

    /// The bytes of the message.
    package var encoded: [UInt8] {
        switch self {
        case .record(let message): message.encoded
        case .refusal(let message): message.encoded
        }
    }
}
