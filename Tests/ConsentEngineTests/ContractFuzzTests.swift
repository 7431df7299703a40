import ConsentEngine
import Model
import TestSupport
import Testing

/// The consents of the corpus with members left out, doubled, renamed and replaced: each is refused by name,
/// or is a contract of which everything can be asked.
@Suite(.enabled(if: Corpora.isPresent, "corpora/pcf is absent")) struct ContractFuzzTests {
    static let consents = Corpora.names(in: "pcf/consents").compactMap {
        try? ConsentCorpus.json("pcf/consents/\($0)")
    }

    /// Every value of the corpus and a few that stand nowhere, by the member in which they stand.
    private static let pool: [JSONMember] = {
        var pool: [JSONMember] = [
            JSONMember(name: "type", value: "deny"), JSONMember(name: "type", value: "permit"),
            JSONMember(name: "code", value: "N"), JSONMember(name: "code", value: "BTG"),
            JSONMember(name: "code", value: "ETREAT"), JSONMember(name: "end", value: "2022-09"),
            JSONMember(name: "start", value: "2099"), JSONMember(name: "start", value: "0001-01-01"),
            JSONMember(name: "end", value: "9999"), JSONMember(name: "reference", value: "Patient/\u{212A}"),
            JSONMember(name: "reference", value: "Practitioner/84404ba8-40ec-47dc-8879-fcb5403974b6"),
            JSONMember(name: "status", value: "inactive"), JSONMember(name: "decision", value: "permit"),
            JSONMember(
                name: "modifierExtension",
                value: [
                    [
                        "url": .string(AccessCondition.extensionURL),
                        "extension": [
                            ["url": "kind", "valueCode": "uses"], ["url": "max", "valuePositiveInt": 3],
                        ],
                    ]
                ]),
            JSONMember(name: "max", value: .number(JSONNumber(-1))), JSONMember(name: "x", value: .null),
            JSONMember(name: "x", value: []), JSONMember(name: "x", value: [:]),
            JSONMember(name: "x", value: ""), JSONMember(name: "x", value: .bool(true)),
        ]
        func collect(_ value: JSONValue) {
            for member in value.members ?? [] {
                pool.append(member)
                collect(member.value)
            }
            for element in value.array ?? [] { collect(element) }
        }
        for consent in consents { collect(consent) }
        return pool
    }()

    /// Changes one place, sooner or later on the way down.
    private static func mutated(_ value: JSONValue, _ random: inout SeededGenerator) -> JSONValue {
        let isHere = Int.random(in: 0..<4, using: &random) == 0
        if var members = value.members, !members.isEmpty {
            let index = Int.random(in: members.indices, using: &random)
            let member = members[index]
            guard isHere else {
                members[index] = JSONMember(name: member.name, value: mutated(member.value, &random))
                return .object(members)
            }
            let other = random.one(of: pool)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: members.remove(at: index)
            case 1: members.append(other)
            case 2: members[index] = JSONMember(name: member.name, value: other.value)
            case 3: members[index] = JSONMember(name: other.name, value: member.value)
            default:
                let alike = pool.filter { $0.name == member.name }
                if !alike.isEmpty { members[index] = random.one(of: alike) }
            }
            return .object(members)
        }
        if var elements = value.array, !elements.isEmpty {
            let index = Int.random(in: elements.indices, using: &random)
            guard isHere else {
                elements[index] = mutated(elements[index], &random)
                return .array(elements)
            }
            switch Int.random(in: 0..<3, using: &random) {
            case 0: elements.remove(at: index)
            case 1: elements.append(elements[index])
            default: elements.append(mutated(elements[index], &random))
            }
            return .array(elements)
        }
        return random.one(of: pool).value
    }

    private static func compile(_ consent: JSONValue) throws -> CompiledContract {
        try ContractCompiler.compile(
            consent, id: "c", version: "h",
            registry: CustodianRegistry(
                policies: try ConsentCorpus.registeredPolicies(),
                purposeSystems: ["http://example.org/policies/purposeOfUse"]))
    }

    @Test(arguments: consents.indices)
    func aChangedConsentIsRefusedByNameOrCanBeDecided(_ index: Int) throws {
        var random = SeededGenerator(seed: UInt64(index) + 1)
        var counts = [0, 0]
        for round in 0..<80 {
            var consent = Self.consents[index]
            for _ in 0..<Int.random(in: 1...2, using: &random) { consent = Self.mutated(consent, &random) }
            // A document comes as bytes: a member that is stated twice never gets further than the parser.
            guard let parsed = try? JSONValue(parsing: consent.encoded()) else { continue }
            do {
                let contract = try Self.compile(parsed)
                counts[1] += 1
                guard CompiledContract(contract.terms) == contract, try Self.compile(parsed) == contract,
                    try isDecided(contract, &random)
                else {
                    Issue.record("round \(round): \(String(decoding: consent.encoded(), as: UTF8.self))")
                    return
                }
            } catch let refusal as ContractRefusal {
                counts[0] += 1
                #expect(!refusal.description.isEmpty)
            }
        }
        #expect(counts[0] > 10 && counts[1] > 5, "\(counts)")
    }

    /// Asks everything of a contract; false where the two steps or a naive reading differ.
    private func isDecided(_ contract: CompiledContract, _ random: inout SeededGenerator) throws -> Bool {
        let terms = contract.terms
        let named = terms.provisions.flatMap(\.actors) + ["Practitioner/ex-practitioner"]
        let purposes = terms.provisions.flatMap(\.purposes) + EngineWorld.codes
        let request = AccessRequestFacts(
            patient: terms.patient, actor: random.one(of: named), actingFor: [random.one(of: named)],
            custodian: [random.one(of: terms.custodians)], purposes: random.some(of: purposes, upTo: 3),
            conditions: Dictionary(
                contract.conditions.map {
                    (
                        ContractCondition(contractID: "c", condition: $0),
                        random.one(of: Truth.allCases)
                    )
                }, uniquingKeysWith: { one, _ in one }),
            atMilliseconds: random.one(of: [1_662_026_400_000, 1_700_000_000_000, -1]))
        let world = EngineWorld(
            contracts: [StandingContract(contract)], request: request,
            policies: DecisionPolicies(
                random.one(of: ImplicitPolicy.allCases), breakGlass: BreakGlassPolicy(mayDeclare: named)))
        let decision = world.decide()
        let naive = NaiveEvaluator(world)
        for purpose in decision.purposes {
            for reference in PCFCase.all.first?.candidates ?? [] {
                let resource = try ConsentCorpus.resource(reference, custodian: request.custodian)
                let isReleased = purpose.judge(resource).effect == .permit
                guard isReleased == naive.permits(resource, for: purpose.purpose),
                    !isReleased || purpose.effect == .permit
                else { return false }
            }
            _ = Counterfactual.find(for: purpose.purpose, of: decision)?.sentence
        }
        _ = IdleClause.find(in: contract, besides: world.contracts, atMilliseconds: request.atMilliseconds)
        let text =
            DecisionExplanation.forPatient(decision) + [
                DecisionExplanation.forRequester(decision, reference: "r")
            ]
        return try !text.isEmpty && decision.canonical().encoded() == decision.canonical().canonicalBytes()
    }
}
