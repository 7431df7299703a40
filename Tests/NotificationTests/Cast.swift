import Cryptography
import Model

/// The people and events of the tests; every identifier and key comes from its name.
enum Cast {
    static let patient: ParticipantID = identifier("patient")
    static let otherPatient: ParticipantID = identifier("other patient")
    static let practitioner: ParticipantID = identifier("practitioner")
    static let hospital: ParticipantID = identifier("hospital")
    static let custodian: ParticipantID = identifier("custodian")
    static let system: ParticipantID = identifier("system")
    static let stranger: ParticipantID = identifier("stranger")

    /// 2026-11-22T19:00:00Z.
    static let time = Timestamp(seconds: 1_795_374_000)

    static func identifier<Kind>(_ name: String) -> Identifier<Kind> {
        // Sixteen bytes are what an identifier takes.
        Identifier(SHA256.hash([UInt8](name.utf8)).bytes.prefix(16))!
    }

    static func secret(_ name: String) -> SecretBytes {
        SecretBytes(copying: SHA256.hash([UInt8](name.utf8)).bytes)
    }

    static func signer(_ name: String) -> Signer {
        // A digest has the length of a seed.
        Signer(try! SigningKey(seed: secret(name)))
    }

    static func unsealer(_ name: String) -> Unsealer {
        // A digest has the length of a secret.
        Unsealer(try! SealingKey(secret: secret(name)))
    }

    static func decision(
        effect: String = "permit", purposes: [(String, String)] = [("TREAT", "permit")],
        actor: ParticipantID = practitioner, system: ParticipantID? = nil
    ) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("actor", text(actor)), ("actingFor", text(hospital)), ("custodian", text(custodian)),
            ("patient", text(patient)), ("effect", .string(effect)),
            (
                "purposes",
                .array(purposes.map { ["purpose": .string($0.0), "effect": .string($0.1), "clauses": []] })
            ),
        ]
        if let system { members.append(("system", text(system))) }
        return .object(members.map { JSONMember(name: $0.0, value: $0.1) })
    }

    static func disclosure(count: Int64?) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("decision", "d"), ("recipient", text(practitioner)), ("recipientOrganization", text(hospital)),
            ("custodian", text(custodian)), ("purpose", "TREAT"),
        ]
        if let count { members.append(("count", .number(JSONNumber(count)))) }
        return .object(members.map { JSONMember(name: $0.0, value: $0.1) })
    }

    static func consent(
        type: String = "permit", actors: [ParticipantID] = [hospital],
        custodians: [ParticipantID] = [custodian], hasExceptions: Bool = false
    ) -> JSONValue {
        func reference(_ id: ParticipantID) -> JSONValue { ["reference": .string("Organization/\(id)")] }
        let document: JSONValue = [
            "resourceType": "Consent", "organization": .array(custodians.map(reference)),
            "provision": [
                "type": .string(type), "actor": .array(actors.map { ["reference": reference($0)] }),
                "purpose": [["code": "TREAT"]], "provision": hasExceptions ? [["type": "permit"]] : [],
            ],
        ]
        return ["contract": "c", "document": .string(Base64.encode(document.encoded()))]
    }

    private static func text(_ id: ParticipantID) -> JSONValue { .string(id.description) }
}
