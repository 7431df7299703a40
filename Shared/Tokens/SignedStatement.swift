package import Cryptography
package import Model

/// The kind of thing that a consent signature uses up once; never instantiated.
package enum ConsentNonceKind {}

/// The number that a patient chooses for one signed consent message, so that it counts once.
package typealias ConsentNonce = Identifier<ConsentNonceKind>

/// The exact bytes that participants sign, built in one place for those who sign and those who verify.
///
/// Each begins with a tag of its own and the network id, so that no signature serves another use or network.
package enum SignedStatement {
    private static let enrolmentTag = Array("consentry/enrolment/v1\n".utf8)
    private static let possessionTag = Array("consentry/possession/v1\n".utf8)
    private static let consentTag = Array("consentry/consent/v1\n".utf8)

    /// Returns what the sponsor of an enrolment signs.
    ///
    /// - Parameter networkID: SHA-256 of the genesis file.
    /// - Parameter enrolment: the object `enrolment` of the request.
    /// - Throws: `JSONError` when the enrolment has no canonical form.
    package static func enrolment(networkID: Digest, enrolment: JSONValue) throws(JSONError) -> [UInt8] {
        enrolmentTag + networkID.bytes + SHA256.hash(try enrolment.canonicalBytes()).bytes
    }

    /// Returns what the enrolled key itself signs, to prove that its holder asks for the enrolment.
    ///
    /// - Throws: `JSONError` when the enrolment has no canonical form.
    package static func possession(networkID: Digest, enrolment: JSONValue) throws(JSONError) -> [UInt8] {
        possessionTag + networkID.bytes + SHA256.hash(try enrolment.canonicalBytes()).bytes
    }

    /// Returns what a patient signs for a consent message.
    ///
    /// - Parameter body: the bytes of the FHIR Consent exactly as they are posted.
    package static func consent(
        networkID: Digest, patient: ParticipantID, nonce: ConsentNonce, body: [UInt8]
    ) -> [UInt8] {
        consentTag + networkID.bytes + patient.bytes + nonce.bytes + SHA256.hash(body).bytes
    }
}
