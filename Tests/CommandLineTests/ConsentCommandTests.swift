import CommandLineTools
import ConsentEngine
import Cryptography
import LedgerProtocol
import Model
import Testing

@Suite struct ConsentCommandTests {
    private static func consent(_ provision: JSONValue) -> [UInt8] {
        let value: JSONValue = [
            "resourceType": "Consent", "status": "active",
            "scope": [
                "coding": [
                    [
                        "system": "http://terminology.hl7.org/CodeSystem/consentscope",
                        "code": "patient-privacy",
                    ]
                ]
            ],
            "category": [["text": "consent"]], "patient": ["reference": "Patient/p"],
            "organization": [["reference": "Organization/o"]], "provision": provision,
        ]
        return value.encoded()
    }

    private static let treatment: JSONValue = [
        "type": "permit", "purpose": [["system": .string(PurposeCode.system), "code": "TREAT"]],
    ]

    @Test func aContractIsSaidInWordsAndAnElementThatIsRefusedIsNamed() async throws {
        try await withTemporaryFolder { folder in
            try writeFile(Self.consent(Self.treatment), "\(folder)/good.json")
            try writeFile(Self.consent(["type": "maybe"]), "\(folder)/bad.json")
            #expect(await ConsentryProgram.run(["consent", "check", "\(folder)/good.json"]) == 0)
            #expect(await ConsentryProgram.run(["consent", "check", "\(folder)/bad.json"]) == 1)
            #expect(await ConsentryProgram.run(["consent", "check", "\(folder)/none.json"]) == 1)
        }
    }

    @Test func aDraftIsPreviewedBesideWhatIsInForce() async throws {
        try await withTemporaryFolder { folder in
            let draft = "\(folder)/draft.json"
            try writeFile(Self.consent(Self.treatment), draft)
            try writeFile(Self.consent(["type": "deny"]), "\(folder)/other.json")
            let arguments = ["consent", "preview", draft, "--in-force", "\(folder)/other.json"]
            #expect(await ConsentryProgram.run(arguments) == 0)
            #expect(await ConsentryProgram.run(["consent", "preview", draft, "--sensitivity", "HIV"]) == 0)
            #expect(await ConsentryProgram.run(["consent", "preview", draft, "--sensitivity", "X"]) == 64)
            #expect(await ConsentryProgram.run(["consent", "preview", draft, "--at", "soon"]) == 64)
        }
    }

    /// A decision and the documents that it was made from, as files.
    private func decided(
        _ folder: String, policies versions: [PolicyVersion] = []
    ) throws -> (decision: String, contract: String) {
        let bytes = Self.consent(Self.treatment)
        let contract = try ContractCompiler.compile(
            JSONValue(parsing: bytes), id: "c", version: SHA256.hash(bytes).hex,
            registry: CustodianRegistry(policies: []))
        let decision = ConsentEvaluator.decide(
            AccessRequestFacts(
                patient: "Patient/p", actor: "Practitioner/d", actingFor: ["Organization/w"],
                custodian: ["Organization/o"], purposes: [.treatment], atMilliseconds: 1),
            contracts: [StandingContract(contract)], policies: DecisionPolicies(.denyAll, versions: versions))
        try writeFile(bytes, "\(folder)/contract.json")
        try writeFile(try decision.canonical().canonicalBytes(), "\(folder)/decision.json")
        return ("\(folder)/decision.json", "\(folder)/contract.json")
    }

    @Test func aDecisionIsRepeatedFromItsContracts() async throws {
        try await withTemporaryFolder { folder in
            let (decision, contract) = try decided(folder)
            let arguments = ["consent", "repeat", "--decision", decision, "--contract", contract]
            #expect(await ConsentryProgram.run(arguments) == 0)
            #expect(await ConsentryProgram.run(["consent", "repeat", "--decision", decision]) == 1)
            #expect(await ConsentryProgram.run(arguments + ["\(folder)/none.json"]) == 2)
            let text = String(decoding: try readFile(decision), as: UTF8.self)
            try writeFile(
                Array(text.replacing(#""effect":"permit""#, with: #""effect":"deny""#).utf8), decision)
            #expect(await ConsentryProgram.run(arguments) == 1)
        }
    }

    /// Under another genesis contracts could read otherwise, so the one that a decision names is asked for.
    @Test(arguments: [true, false])
    func aDecisionIsRepeatedUnderTheGenesisThatItNamesOnly(isNamed: Bool) async throws {
        try await withTemporaryFolder { folder in
            let genesis = try Genesis(parsing: readFile(PinnedFiles.path("genesis.json")))
            let named = isNamed ? genesis.networkID.hex : SHA256.hash([1]).hex
            let (decision, contract) = try decided(
                folder,
                policies: PolicyVersion.registered(
                    .denyAll, genesis: named, zoneName: "UTC", zoneFileHash: nil))
            let arguments = [
                "consent", "repeat", "--decision", decision, "--contract", contract, "--genesis",
                PinnedFiles.path("genesis.json"),
            ]
            #expect(await ConsentryProgram.run(arguments) == (isNamed ? 0 : 2))
        }
    }
}
