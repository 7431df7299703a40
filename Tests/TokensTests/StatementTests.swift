import Cryptography
import Model
import Testing
import Tokens

@Suite struct SignedStatementTests {
    private static let network = SHA256.hash([1])

    @Test func statementsAreTagNetworkAndContent() throws {
        let reordered: JSONValue = ["b": 1, "a": 2]
        let content = SHA256.hash(Array(#"{"a":2,"b":1}"#.utf8)).bytes
        let enrolment = try SignedStatement.enrolment(networkID: Self.network, enrolment: reordered)
        let possession = try SignedStatement.possession(networkID: Self.network, enrolment: reordered)
        #expect(enrolment == Array("consentry/enrolment/v1\n".utf8) + Self.network.bytes + content)
        #expect(possession == Array("consentry/possession/v1\n".utf8) + Self.network.bytes + content)
    }

    @Test func aConsentStatementBindsPatientNonceAndBody() throws {
        let nonce = try #require(ConsentNonce([UInt8](repeating: 9, count: 16)))
        let statement = SignedStatement.consent(
            networkID: Self.network, patient: Fixture.patient, nonce: nonce, body: [1, 2, 3])
        let head = Array("consentry/consent/v1\n".utf8) + Self.network.bytes + Fixture.patient.bytes
        #expect(statement == head + nonce.bytes + SHA256.hash([1, 2, 3]).bytes)
    }
}

@Suite struct RecordAccessDetailsTests {
    private static let details = RecordAccessDetails(
        patient: Fixture.patient, custodian: Fixture.organization, purposes: ["TREAT"],
        resourceTypes: ["Observation"], relationship: "referral")

    private static func refusal(_ parameter: String) -> RecordAccessDetailsRefusal? {
        do throws(RecordAccessDetailsRefusal) {
            _ = try RecordAccessDetails(parsing: parameter)
            return nil
        } catch {
            return error
        }
    }

    @Test func whatIsWrittenIsReadBack() throws {
        #expect(try RecordAccessDetails(parsing: Self.details.parameter) == Self.details)
        let least = RecordAccessDetails(
            patient: Fixture.patient, custodian: Fixture.organization, purposes: ["TREAT", "ETREAT"])
        #expect(try RecordAccessDetails(parsing: least.parameter) == least)
        #expect(least.json["resourceTypes"] == nil)
    }

    @Test func theAnswerNamesDecisionAndEntry() throws {
        let decision = try #require(EntryID([UInt8](repeating: 7, count: 16)))
        let granted = Self.details.granted(purposes: ["ETREAT"], decision: decision, entryIndex: 12)
        #expect(granted["purposes"] == ["ETREAT"])
        #expect(granted["decision"]?.string == decision.description)
        #expect(granted["entry"]?["index"]?.int64 == 12)
    }

    static let refused: [(Changes, RecordAccessDetailsRefusal)] = [
        (["type": "other"], .wrongType), (["type": nil], .wrongType), (["admin": true], .unknownMember),
        (["patient": nil], .missingMember("patient")), (["patient": "x"], .invalidMember("patient")),
        (["patient": 1], .invalidMember("patient")), (["custodian": nil], .missingMember("custodian")),
        (["purposes": nil], .missingMember("purposes")), (["purposes": []], .invalidMember("purposes")),
        (["purposes": "TREAT"], .invalidMember("purposes")),
        (["purposes": ["TREAT", "TREAT"]], .invalidMember("purposes")),
        (["purposes": ["TRE AT"]], .invalidMember("purposes")),
        (["purposes": .array((0..<9).map { .string("P\($0)") })], .invalidMember("purposes")),
        (["resourceTypes": []], .invalidMember("resourceTypes")),
        (["relationship": ""], .invalidMember("relationship")),
        (["relationship": 1], .invalidMember("relationship")),
    ]

    @Test(arguments: refused.indices) func unsoundDetailsAreRefused(_ index: Int) {
        let (changes, expected) = Self.refused[index]
        let parameter = JSONValue.array([Self.details.json.changing(changes)])
        #expect(Self.refusal(String(decoding: parameter.encoded(), as: UTF8.self)) == expected)
    }

    @Test(arguments: ["", "{}", "[]", "[{},{}]", "[1]", #"[{"type":"a","type":"a"}]"#])
    func anythingButOneObjectIsMalformed(_ parameter: String) {
        #expect(Self.refusal(parameter) == .malformed)
    }
}

@Suite struct KeyAndParticipantTests {
    @Test func aKeySetIsReadBack() throws {
        let keys = JSONWebKeySet(keys: [Fixture.signer.publicKey, Fixture.otherSigner.publicKey])
        let read = try JSONWebKeySet(parsing: keys.json.encoded())
        #expect(read == keys)
        #expect(read.key(Fixture.otherSigner.keyID) == Fixture.otherSigner.publicKey)
        #expect(read.key(KeyID(.zero)) == nil)
    }

    static let refusedKeys: [(Changes, TokenRefusal)] = [
        (["d": "AAAA"], .invalidClaim("d")), (["x": "AAAA"], .invalidClaim("x")),
        (["x": .string(Base64.encodeURL([UInt8](repeating: 0, count: 32)))], .invalidClaim("x")),
        (["kid": "1"], .invalidClaim("kid")), (["kid": nil], .missingClaim("kid")),
    ]

    @Test(arguments: refusedKeys.indices) func anUnsoundKeyIsRefused(_ index: Int) throws {
        let (changes, expected) = Self.refusedKeys[index]
        let key = try #require(JSONWebKeySet(keys: [Fixture.signer.publicKey]).json["keys"]?[0])
        let set: JSONValue = ["keys": [key.changing(changes)]]
        #expect(refusal { () throws(TokenRefusal) in try JSONWebKeySet(parsing: set.encoded()) } == expected)
    }

    private static let sealingKey = SealingKey.generate().publicKey

    static let participants: [EnrolledParticipant] = [
        EnrolledParticipant(
            id: Fixture.patient, kind: .patient, name: "Ada", organization: Fixture.organization,
            signingKey: Fixture.signer.publicKey, sealingKey: sealingKey, authority: Fixture.consent),
        EnrolledParticipant(
            id: Fixture.practitioner, kind: .practitioner, name: "Dr Bo", organization: Fixture.organization,
            signingKey: nil, sealingKey: nil, authority: nil),
    ]

    @Test(arguments: participants) func anEnrolmentsEventIsReadBack(_ participant: EnrolledParticipant) {
        #expect(EnrolledParticipant(id: participant.id, eventData: participant.eventData) == participant)
    }

    static let refusedData: [Changes] = [
        ["kind": "king"], ["kind": nil], ["name": nil], ["signingKey": "AAAA"], ["sealingKey": 1],
        ["organization": .null], ["more": 1],
    ]

    @Test(arguments: refusedData.indices) func otherEventDataIsNotRead(_ index: Int) {
        let data = Self.participants[0].eventData.changing(Self.refusedData[index])
        #expect(EnrolledParticipant(id: Fixture.patient, eventData: data) == nil)
    }

    @Test func theMetadataNamesTheEndpoints() {
        let metadata = OAuth.metadata(
            issuer: Fixture.consent, grantTypes: [.tokenExchange],
            authorizationDetailsTypes: [RecordAccessDetails.type])
        #expect(metadata["issuer"]?.string == Fixture.consent)
        #expect(metadata["token_endpoint"]?.string == Fixture.consent + "/token")
        #expect(metadata["token_endpoint_auth_methods_supported"] == ["private_key_jwt"])
        #expect(metadata["authorization_details_types_supported"]?[0]?.string == RecordAccessDetails.type)
    }
}
