package import Cryptography
package import Model
package import Tokens

/// A consent message as it came: a FHIR Consent with the patient's nonce and signature, not yet verified.
package struct SignedConsent: Sendable {
    /// The longest document; far above any contract, and its event fits into one Kafka record.
    package static let bodyBytesMax = 65_536

    /// The patient whom the document names.
    package let patient: ParticipantID
    /// The number that lets the message count once.
    package let nonce: ConsentNonce
    /// The signature to be verified.
    package let signature: Signature
    /// The bytes exactly as they were posted.
    package let body: [UInt8]
    /// The document.
    package let document: JSONValue
    /// SHA-256 of the bytes.
    package let version: Digest

    /// Reads the headers `Consentry-Nonce` and `Consentry-Signature` and the body.
    ///
    /// - Throws: `ConsentRefusal`.
    package init(nonce: String?, signature: String?, body: [UInt8]) throws(ConsentRefusal) {
        guard let nonce, let signature else { throw .unsigned }
        guard let nonce = ConsentNonce(nonce) else { throw .malformed("Consentry-Nonce") }
        guard let bytes = Base64.decode(signature), let signature = Signature(bytes) else {
            throw .malformed("Consentry-Signature")
        }
        guard let document = try? JSONValue(parsing: body), document.members != nil else {
            throw .malformed("body")
        }
        // FHIR R5 names the patient as `subject`.
        let subject = document["patient"] ?? document["subject"]
        let reference = subject?["reference"]?.string.flatMap { ParticipantReference($0) }
        guard let reference, reference.kind == .patient else { throw .badPatient }
        patient = reference.id
        self.nonce = nonce
        self.signature = signature
        self.body = body
        self.document = document
        version = SHA256.hash(body)
    }

    /// Checks that the patient signed exactly these bytes for this network and nonce.
    ///
    /// An unknown patient and a wrong signature are one answer: strangers do not learn who is enrolled.
    /// - Throws: `ConsentRefusal.unknownPatient` or `.notSignedByPatient`.
    package func verify(
        patient known: KnownParticipant?, authority: String, networkID: Digest
    ) throws(ConsentRefusal) {
        guard let known else { throw .unknownPatient }
        guard known.id == patient, known.isPatient(of: authority), let key = known.signingKey
        else {
            throw .notSignedByPatient
        }
        let statement = SignedStatement.consent(
            networkID: networkID, patient: patient, nonce: nonce, body: body)
        guard key.verifies(signature, of: statement) else { throw .notSignedByPatient }
    }

    /// The part of an event's data that lets anybody verify the signature again.
    var proof: [JSONMember] {
        [
            JSONMember(name: "document", value: .string(Base64.encode(body))),
            JSONMember(name: "nonce", value: .string(nonce.description)),
            JSONMember(name: "patient", value: .string(patient.description)),
            JSONMember(name: "signature", value: .string(Base64.encode(signature.bytes))),
            JSONMember(name: "version", value: .string(version.hex)),
        ]
    }
}

/// A literal FHIR reference to a participant, such as `Organization/<id>`.
struct ParticipantReference {
    let kind: ParticipantKind
    let id: ParticipantID

    /// Reads a reference; nil for a type that no participant has, or another form of id.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let id = ParticipantID(String(parts[1])) else { return nil }
        switch parts[0] {
        case "Patient": kind = .patient
        case "Practitioner": kind = .practitioner
        case "Organization": kind = .organization
        default: return nil
        }
        self.id = id
    }
}
