import ConsentCore
import ConsentEngine
import Cryptography
import Model
import Tokens

/// A participant of the tests with a key of its own.
struct Person: Sendable {
    let id: ParticipantID
    let kind: ParticipantKind
    let organization: ParticipantID?
    let signer: Signer

    init(_ kind: ParticipantKind, of organization: Person? = nil) {
        // Sixteen bytes always make an id.
        id = ParticipantID(Random.bytes(16))!
        self.kind = kind
        self.organization = organization?.id
        signer = Signer(SigningKey.generate())
    }

    /// The participant as the view holds it.
    func known(authority: String) -> KnownParticipant {
        KnownParticipant(
            id: id, kind: kind, organization: organization,
            signingKey: kind == .practitioner ? nil : signer.publicKey,
            authority: kind == .patient ? authority : nil)
    }

    /// How FHIR resources name the participant.
    var reference: String {
        switch kind {
        case .organization: "Organization/\(id)"
        case .practitioner: "Practitioner/\(id)"
        case .patient: "Patient/\(id)"
        case .system: "Device/\(id)"
        }
    }

    /// A client assertion of this participant.
    func clientAssertion(audience: String, id: String, at now: Timestamp) throws -> String {
        try ClientAssertion.make(
            clientID: self.id, audience: audience, id: id, issuedAt: now,
            expiresAt: now.advanced(byMilliseconds: 60_000), signer: signer)
    }
}

/// Consent documents of the tests.
enum Documents {
    static let policy = "https://profiles.ihe.net/ITI/PCF/Policy-basic-normal"
    static let registered: Set<String> = [policy]

    /// A contract about a patient's records at a custodian, for one actor and purpose.
    static func consent(
        patient: Person, custodian: Person, actor: Person, type: String = "permit", purpose: String = "TREAT",
        status: String = "active"
    ) -> JSONValue {
        [
            "resourceType": "Consent",
            "status": .string(status),
            "scope": coded("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
            "category": [coded("http://loinc.org", "59284-0")],
            "patient": ["reference": .string(patient.reference)],
            "organization": [["reference": .string(custodian.reference)]],
            "policy": [["uri": .string(policy)]],
            "provision": [
                "type": .string(type),
                "actor": [
                    [
                        "role": coded("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"),
                        "reference": ["reference": .string(actor.reference)],
                    ]
                ],
                "purpose": [["system": .string(PurposeCode.system), "code": .string(purpose)]],
            ],
        ]
    }

    private static func coded(_ system: String, _ code: String) -> JSONValue {
        ["coding": [["system": .string(system), "code": .string(code)]]]
    }
}

extension JSONValue {
    /// The object with a member replaced, added or, for nil, removed.
    func setting(_ name: String, _ value: JSONValue?) -> JSONValue {
        let others = (members ?? []).filter { $0.name != name }
        return .object(others + (value.map { [JSONMember(name: name, value: $0)] } ?? []))
    }
}

/// A consent message with its nonce and signature, as a client sends it.
struct Message: Sendable {
    let nonce: String
    let signature: String
    let body: [UInt8]

    /// Signs a document with its patient's key.
    init(
        _ document: JSONValue, by patient: Person, networkID: Digest, nonce: ConsentNonce? = nil,
        claimedPatient: ParticipantID? = nil
    ) {
        body = document.encoded()
        let nonce = nonce ?? ConsentNonce(Random.bytes(16))!
        self.nonce = nonce.description
        let statement = SignedStatement.consent(
            networkID: networkID, patient: claimedPatient ?? patient.id, nonce: nonce, body: body)
        signature = Base64.encode(patient.signer.sign(statement).bytes)
    }

    /// The message as the core reads it.
    func signed() throws(ConsentRefusal) -> SignedConsent {
        try SignedConsent(nonce: nonce, signature: signature, body: body)
    }
}
