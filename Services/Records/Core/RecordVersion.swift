package import Cryptography
package import Model

/// The kinds of things in the vault that carry identifiers; never instantiated.
package enum VaultIdentifierKind {
    /// One version of one resource.
    package enum Version {}
    /// A key under which data keys of one patient are wrapped.
    package enum PatientKey {}
}

/// Names one stored version of a resource; also its FHIR version id.
package typealias RecordVersionID = Identifier<VaultIdentifierKind.Version>
/// Names a patient's key.
package typealias PatientKeyID = Identifier<VaultIdentifierKind.PatientKey>

/// Names a resource within a patient's records at one custodian.
package struct ResourceKey: Hashable, Sendable {
    /// The FHIR type.
    package let type: String
    /// The id within its type, as the custodian chose it.
    package let id: String

    /// Pairs a type with an id.
    package init(type: String, id: String) {
        self.type = type
        self.id = id
    }

    /// The relative reference, such as `Observation/1`.
    package var reference: String { "\(type)/\(id)" }

    /// Says whether a text is a FHIR R4 `id`: 1 to 64 letters, digits, hyphens and points.
    package static func isID(_ text: String) -> Bool {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        return isPlain && (1...64).contains(text.utf8.count)
    }
}

/// Everything that a stored content belongs to; its ciphertext opens in this place only.
package struct RecordBinding: Hashable, Sendable {
    /// The network of the vault.
    package let networkID: Digest
    /// Whose record it is.
    package let patient: ParticipantID
    /// The organisation that holds it.
    package let custodian: ParticipantID
    /// The resource.
    package let resource: ResourceKey
    /// The version of the resource.
    package let version: RecordVersionID
    /// The patient's key under which the version's data key is wrapped.
    package let key: PatientKeyID

    /// States a place.
    package init(
        networkID: Digest, patient: ParticipantID, custodian: ParticipantID, resource: ResourceKey,
        version: RecordVersionID, key: PatientKeyID
    ) {
        self.networkID = networkID
        self.patient = patient
        self.custodian = custodian
        self.resource = resource
        self.version = version
        self.key = key
    }

    /// The associated data of the sealed content.
    package var ofContent: [UInt8] { Array("consentry/record-content/v1\n".utf8) + place }

    /// The associated data of the wrapped data key.
    package var ofDataKey: [UInt8] { Array("consentry/record-data-key/v1\n".utf8) + place }

    /// Fixed widths first, then texts with their lengths, so that two places never give the same bytes.
    private var place: [UInt8] {
        networkID.bytes + patient.bytes + custodian.bytes + version.bytes + key.bytes
            + Self.prefixed(resource.type) + Self.prefixed(resource.id)
    }

    private static func prefixed(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return [UInt8(truncatingIfNeeded: bytes.count >> 8), UInt8(truncatingIfNeeded: bytes.count)] + bytes
    }
}

/// The associated data of what is sealed for a patient apart from records.
package enum PatientBinding {
    /// What ties a wrapped patient key to its network, patient and id.
    package static func ofKey(networkID: Digest, patient: ParticipantID, key: PatientKeyID) -> [UInt8] {
        Array("consentry/patient-key/v1\n".utf8) + networkID.bytes + patient.bytes + key.bytes
    }

    /// What ties the signed document of a contract to its row.
    package static func ofContract(
        networkID: Digest, patient: ParticipantID, contract: ContractID, version: Digest
    ) -> [UInt8] {
        Array("consentry/contract-view/v1\n".utf8) + networkID.bytes + patient.bytes + contract.bytes
            + version.bytes
    }

    /// What ties the data of a decision to its row.
    package static func ofDecision(
        networkID: Digest, patient: ParticipantID, decision: EntryID, index: UInt64
    ) -> [UInt8] {
        Array("consentry/decision-view/v1\n".utf8) + networkID.bytes + patient.bytes + decision.bytes
            + (0..<8).map { UInt8(truncatingIfNeeded: index >> UInt64(56 - 8 * $0)) }
    }

    /// What a content is authenticated with, so that equal contents of one resource are recognised.
    ///
    /// The mark is keyed by the patient's key and no plain hash: a reader of the table cannot test guesses.
    package static func markedContent(
        custodian: ParticipantID, resource: ResourceKey, content: ArraySlice<UInt8>
    ) -> [UInt8] {
        Array("consentry/record-mark/v1\n".utf8) + custodian.bytes + Array("\(resource.reference)\n".utf8)
            + content
    }
}
