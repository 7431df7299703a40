import ConsentCore
import ConsentEngine
import Cryptography
import Model
import Testing
import Tokens

@Suite struct ContractCommandTests {
    private static let now = Timestamp(seconds: 1_763_841_600)
    private static let networkID = SHA256.hash([1])
    private static let authority = "https://consent.example"
    private static let patient = Person(.patient)
    private static let custodian = Person(.organization)
    private static let actor = Person(.organization)
    private static let stranger = Person(.organization)
    private static let contract = ContractID([UInt8](repeating: 7, count: 16))!

    private static func document(type: String = "permit") -> JSONValue {
        Documents.consent(patient: patient, custodian: custodian, actor: actor, type: type)
    }

    private static func message(_ document: JSONValue) -> Message {
        Message(document, by: patient, networkID: networkID)
    }

    private static func submission(
        _ message: Message, used: UsedNonce? = nil, authority: String = authority, count: Int = 0,
        patient known: Person? = patient
    ) throws(ConsentRefusal) -> ConsentSubmission {
        let command = SubmitConsent(
            message: try message.signed(), contractID: contract,
            registry: CustodianRegistry(policies: Documents.registered))
        let people = [custodian, actor, patient].map { $0.known(authority: authority) }
        return try command.decide(
            SubmissionFacts(
                networkID: networkID, authority: Self.authority, patient: known?.known(authority: authority),
                usedNonce: used, participants: Dictionary(uniqueKeysWithValues: people.map { ($0.id, $0) }),
                standingContractCount: count))
    }

    private static func refusal(_ body: () throws(ConsentRefusal) -> Void) -> ConsentRefusal? {
        do throws(ConsentRefusal) { try body() } catch { return error }
        return nil
    }

    static let types: [(String, EventType)] = [("permit", .consentGranted), ("deny", .consentDenied)]

    @Test(arguments: types) func aSoundContractIsMade(_ type: String, _ event: EventType) throws {
        let message = Self.message(Self.document(type: type))
        guard case .made(let made) = try Self.submission(message) else {
            Issue.record("the contract was not made")
            return
        }
        #expect(made.eventType == event)
        // What restricts is published the moment it is accepted.
        #expect(made.eventType.isRestrictive == (type == "deny"))
        #expect(made.eventType.topic == .consentEvents)
        #expect(made.data["contract"]?.string == Self.contract.description)
        #expect(made.data["version"]?.string == SHA256.hash(message.body).hex)
        #expect(made.data["document"]?.string == Base64.encode(message.body))
        #expect(made.data["nonce"]?.string == message.nonce)
        #expect(made.data["signature"]?.string == message.signature)
        #expect(made.data["patient"]?.string == Self.patient.id.description)
    }

    private static func permit(with members: [JSONMember]) -> JSONValue {
        let provision = document()["provision"]?.members ?? []
        return document().setting("provision", .object(provision + members))
    }

    @Test func aConsentWithAnExceptionRestrictsFromItsAcceptance() throws {
        let exception: JSONValue = [
            "type": "deny",
            "securityLabel": [
                ["system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"]
            ],
        ]
        let message = Self.message(Self.permit(with: [JSONMember(name: "provision", value: [exception])]))
        guard case .made(let made) = try Self.submission(message) else {
            Issue.record("the contract was not made")
            return
        }
        #expect(made.eventType == .consentDenied)
    }

    @Test func anActorOfAnExceptionHasToBeEnrolledToo() {
        let named = Documents.consent(
            patient: Self.patient, custodian: Self.custodian, actor: Self.stranger, type: "deny")
        let exception = named["provision"] ?? .null
        let found = Self.refusal { () throws(ConsentRefusal) in
            _ = try Self.submission(
                Self.message(Self.permit(with: [JSONMember(name: "provision", value: [exception])])))
        }
        #expect(found == .notEnrolled(element: "Consent.provision.provision[0].actor[0].reference"))
    }

    @Test func aConditionThatNobodyChecksIsRefused() {
        let condition: JSONValue = [
            "url": .string(AccessCondition.extensionURL),
            "extension": [["url": "kind", "valueCode": "session"]],
        ]
        let found = Self.refusal { () throws(ConsentRefusal) in
            _ = try Self.submission(
                Self.message(Self.permit(with: [JSONMember(name: "modifierExtension", value: [condition])])))
        }
        #expect(found == .conditionNotChecked(element: "Consent.provision.modifierExtension"))
    }

    static let headers: [(String?, String?, ConsentRefusal)] = [
        (nil, "", .unsigned), ("", nil, .unsigned), ("x", "", .malformed("Consentry-Nonce")),
        ("00000000-0000-0000-0000-000000000001", "AAAA", .malformed("Consentry-Signature")),
        (
            "00000000-0000-0000-0000-000000000001", Base64.encode([UInt8](repeating: 0, count: 64)),
            .malformed("body")
        ),
    ]

    @Test(arguments: headers.indices) func anUnsignedOrMalformedMessageIsRefused(_ index: Int) {
        let (nonce, signature, expected) = Self.headers[index]
        let found = Self.refusal { () throws(ConsentRefusal) in
            _ = try SignedConsent(nonce: nonce, signature: signature, body: [])
        }
        #expect(found == expected)
    }

    private static func elements() -> [(String, JSONValue?, ConsentRefusal?)] {
        [
            ("status", "draft", .notActive), ("status", "inactive", .notActive),
            ("patient", ["reference": "Patient/1"], .badPatient),
            ("patient", ["reference": .string(actor.reference)], .badPatient),
            (
                "organization", [["reference": .string(stranger.reference)]],
                .notEnrolled(element: "Consent.organization[0].reference")
            ),
            (
                "organization",
                [["reference": .string(custodian.reference)], ["reference": "Organization/1"]],
                .notEnrolled(element: "Consent.organization[1].reference")
            ),
            (
                "provision",
                Documents.consent(patient: patient, custodian: custodian, actor: stranger)["provision"],
                .notEnrolled(element: "Consent.provision.actor[0].reference")
            ),
            ("organization", nil, .contractRefused(.missing(path: "Consent.organization"))),
            ("implicitRules", "x", nil),
        ]
    }

    @Test(arguments: 0..<9) func anUnsoundContractIsRefusedByItsElement(_ index: Int) throws {
        let (name, value, expected) = Self.elements()[index]
        let found = Self.refusal { () throws(ConsentRefusal) in
            _ = try Self.submission(Self.message(Self.document().setting(name, value)))
        }
        // The engine's own refusals are its own tests' part; here one has to come through at all.
        if let expected {
            #expect(found == expected)
        } else {
            #expect(found?.description.contains(name) == true)
        }
    }

    @Test func anOrganizationThatIsNamedAsAPractitionerIsNotEnrolled() {
        let reference = "Practitioner/\(Self.actor.id)"
        let provision = Self.document()["provision"] ?? .null
        let actor = (provision["actor"]?[0] ?? .null).setting("reference", ["reference": .string(reference)])
        let document = Self.document().setting("provision", provision.setting("actor", [actor]))
        let found = Self.refusal { () throws(ConsentRefusal) in
            _ = try Self.submission(Self.message(document))
        }
        #expect(found == .notEnrolled(element: "Consent.provision.actor[0].reference"))
    }

    @Test func onlyThePatientsOwnSignatureCounts() {
        let impostor = Person(.patient)
        let messages = [
            Message(
                Self.document(), by: impostor, networkID: Self.networkID, claimedPatient: Self.patient.id),
            Message(Self.document(), by: Self.patient, networkID: SHA256.hash([2])),
            Message(
                Self.document(), by: Self.patient, networkID: Self.networkID, claimedPatient: impostor.id),
        ]
        for message in messages {
            let found = Self.refusal { () throws(ConsentRefusal) in _ = try Self.submission(message) }
            #expect(found == .notSignedByPatient)
        }
        let sound = Self.message(Self.document())
        let unknown = Self.refusal { () throws(ConsentRefusal) in _ = try Self.submission(sound, patient: nil)
        }
        #expect(unknown == .unknownPatient)
        // Strangers read the same of both, and only the view of participants can catch up.
        let texts = [ConsentRefusal.unknownPatient, .notSignedByPatient].map(\.description)
        #expect(texts[0] == texts[1])
        #expect(ConsentRefusal.unknownPatient.mayBeViewBehind)
        #expect(!ConsentRefusal.notSignedByPatient.mayBeViewBehind)
        let elsewhere = Self.refusal { () throws(ConsentRefusal) in
            _ = try Self.submission(sound, authority: "https://other.example")
        }
        #expect(elsewhere == .notSignedByPatient)
    }

    @Test func aNonceCountsOnce() throws {
        let message = Self.message(Self.document())
        let used = UsedNonce(version: SHA256.hash(message.body), contract: Self.contract, number: 1)
        guard case .repeated(let found) = try Self.submission(message, used: used) else {
            Issue.record("the repetition was not recognised")
            return
        }
        #expect(found == used)
        for other in [
            UsedNonce(version: .zero, contract: Self.contract, number: 1),
            UsedNonce(version: used.version, contract: Self.contract, number: 2),
        ] {
            let refusal = Self.refusal { () throws(ConsentRefusal) in
                _ = try Self.submission(message, used: other)
            }
            #expect(refusal == .nonceUsedOtherwise)
        }
    }

    @Test func aTokenCanNameEveryContract() {
        let message = Self.message(Self.document())
        let most = SubmitConsent.contractCountMax
        let found = Self.refusal { () throws(ConsentRefusal) in _ = try Self.submission(message, count: most)
        }
        #expect(found == .tooManyContracts)
        let last = Self.refusal { () throws(ConsentRefusal) in
            _ = try Self.submission(message, count: most - 1)
        }
        #expect(last == nil)
    }

    private static func state(isRevoked: Bool = false, patient: Person = patient) -> ContractState {
        let body = document().encoded()
        return ContractState(
            id: contract, patient: patient.id, number: isRevoked ? 2 : 1, version: SHA256.hash(body),
            document: body, isRevoked: isRevoked, event: EntryID(contract.bytes)!)
    }

    private static func revocation(
        _ document: JSONValue, tag: String? = "W/\"1\"", state: ContractState? = state(),
        used: UsedNonce? = nil
    ) throws(ConsentRefusal) -> ConsentRevocation {
        let command = try RevokeConsent(
            message: try message(document).signed(), contractID: contract, expectedTag: tag)
        return try command.decide(
            RevocationFacts(
                networkID: networkID, authority: authority, patient: patient.known(authority: authority),
                usedNonce: used, contract: state),
            now: now)
    }

    @Test func aContractIsRevokedByTheSameDocument() throws {
        let inactive = Self.document().setting("status", "inactive")
        guard case .revoked(let revoked) = try Self.revocation(inactive) else {
            Issue.record("the contract was not revoked")
            return
        }
        #expect(revoked.number == 2)
        #expect(revoked.data["revokedAt"]?.string == Self.now.description)
        #expect(revoked.data["revokedVersion"]?.string == Self.state().version.hex)
        #expect(revoked.data["version"]?.string == SHA256.hash(inactive.encoded()).hex)
    }

    @Test func everythingElseIsNoRevocation() {
        let inactive = Self.document().setting("status", "inactive")
        let changed = inactive.setting("language", "en")
        let version = SHA256.hash(inactive.encoded())
        let other = ContractID([UInt8](repeating: 8, count: 16))!
        let cases: [(ConsentRefusal, () throws(ConsentRefusal) -> Void)] = [
            (.versionRequired, { () throws(ConsentRefusal) in _ = try Self.revocation(inactive, tag: nil) }),
            (
                .wrongVersion,
                { () throws(ConsentRefusal) in _ = try Self.revocation(inactive, tag: "W/\"2\"") }
            ),
            (.wrongVersion, { () throws(ConsentRefusal) in _ = try Self.revocation(inactive, tag: "*") }),
            (
                .unknownContract,
                { () throws(ConsentRefusal) in _ = try Self.revocation(inactive, state: nil) }
            ),
            (
                .unknownContract,
                { () throws(ConsentRefusal) in
                    _ = try Self.revocation(inactive, state: Self.state(patient: Person(.patient)))
                }
            ),
            (
                .alreadyRevoked,
                { () throws(ConsentRefusal) in
                    _ = try Self.revocation(inactive, tag: "W/\"2\"", state: Self.state(isRevoked: true))
                }
            ),
            (.notInactive, { () throws(ConsentRefusal) in _ = try Self.revocation(Self.document()) }),
            (.changedOtherwise, { () throws(ConsentRefusal) in _ = try Self.revocation(changed) }),
            (
                .nonceUsedOtherwise,
                { () throws(ConsentRefusal) in
                    _ = try Self.revocation(
                        inactive, used: UsedNonce(version: version, contract: other, number: 2))
                }
            ),
        ]
        for (expected, body) in cases {
            let found = Self.refusal(body)
            #expect(found == expected)
        }
    }
}
