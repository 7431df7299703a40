import ConsentEngine
import Model

/// A random patient with contracts, requests and resources over a small vocabulary, so that things meet.
struct EngineWorld {
    static let codes = ["TREAT", "ETREAT", "BTG", "HRESCH", "CLINTRCH", "HPAYMT"].compactMap {
        PurposeCode(code: $0)
    }
    static let instants: [Int64] = [100, 200, 300]
    static let sensitivities = ["HIV", "SUD", "ETHUD", "PSY"].compactMap { SensitivityCode(code: $0) }
    static let codings = ["1", "2"].compactMap { Coding(system: "http://loinc.org", code: $0) }
    static let types = ["Observation", "Condition", "Encounter"]
    static let data = [
        DataReference(.instance, "Observation/1"), DataReference(.instance, "Condition/1"),
        DataReference(.related, "Encounter/1"), DataReference(.authoredBy, "Practitioner/e"),
        DataReference(.authoredBy, "Practitioner/f"),
    ]
    static let conditions: [AccessCondition] = [
        .session, .uses(max: 3), .credential(type: "http://x/license", issuer: nil),
    ]
    static let now: Int64 = 1_000

    var contracts: [StandingContract] = []
    let request: AccessRequestFacts
    let policies: DecisionPolicies

    init(contracts: [StandingContract], request: AccessRequestFacts, policies: DecisionPolicies) {
        self.contracts = contracts
        self.request = request
        self.policies = policies
    }

    init(_ random: inout SeededGenerator) {
        request = Self.request(&random)
        policies = DecisionPolicies(
            random.one(of: ImplicitPolicy.allCases),
            breakGlass: random.one(of: [
                nil, BreakGlassPolicy(mayDeclare: ["Group/g"]),
                BreakGlassPolicy(mayDeclare: ["Group/g"], scopeMax: .normal),
            ]))
        for index in 0..<Int.random(in: 0...4, using: &random) {
            contracts.append(Self.contract(index, &random))
        }
    }

    func decide(_ contracts: [StandingContract]? = nil) -> ConsentDecision {
        ConsentEvaluator.decide(request, contracts: contracts ?? self.contracts, policies: policies)
    }

    private static func request(_ random: inout SeededGenerator) -> AccessRequestFacts {
        var conditions: [ContractCondition: Truth] = [:]
        for index in 0..<5 {
            for condition in Self.conditions where Bool.random(using: &random) {
                let key = ContractCondition(contractID: "c\(index)", condition: condition)
                conditions[key] = random.one(of: Truth.allCases)
            }
        }
        return AccessRequestFacts(
            patient: "Patient/p", linkedPatients: random.rarely(["Patient/q"], in: 4),
            actor: random.one(of: ["Practitioner/d", "Practitioner/e", "Patient/p"]),
            actingFor: random.some(of: ["Organization/w", "Organization/v"], upTo: 2),
            groups: random.some(of: ["Group/g", "Group/h"], upTo: 2), custodian: ["Organization/o"],
            purposes: random.some(of: codes, upTo: 3),
            action: random.one(of: [.access, .access, .access, .disclose]), conditions: conditions,
            atMilliseconds: now)
    }

    static func contract(
        _ index: Int, _ random: inout SeededGenerator, root: ProvisionEffect? = nil, nestedMax: Int = 2
    ) -> StandingContract {
        let base = provision(root ?? random.one(of: [.permit, .permit, .deny]), &random)
        var nested: [Provision] = []
        for _ in 0..<Int.random(in: 0...nestedMax, using: &random) {
            // What a nested provision inherits is the compiler's part; here each stands whole.
            nested.append(provision(random.one(of: ProvisionEffect.allCases), &random))
        }
        let terms = ContractTerms(
            contractID: "c\(index)", version: "h\(index)",
            status: random.one(of: [.active, .active, .active, .active, .inactive]),
            patient: random.one(of: ["Patient/p", "Patient/p", "Patient/p", "Patient/q"]),
            custodians: random.one(of: [
                ["Organization/o"], ["Organization/z", "Organization/o"], ["Organization/z"],
            ]),
            root: base, nested: nested)
        let standing: StandingContract.Standing = random.one(of: [.full, .full, .full, .restrictionsOnly])
        return StandingContract(CompiledContract(terms), standing)
    }

    static func provision(_ effect: ProvisionEffect, _ random: inout SeededGenerator) -> Provision {
        Provision(
            effect,
            actors: Int.random(in: 0..<3, using: &random) > 0
                ? []
                : random.some(
                    of: ["Practitioner/d", "Practitioner/e", "Organization/w", "Group/g"], upTo: 2),
            purposes: random.some(of: codes, upTo: 3), actions: random.rarely([.access, .disclose], in: 8),
            period: random.rarely(
                [
                    Interval(start: nil, end: 999), Interval(start: 1_000, end: nil),
                    Interval(start: 1_001, end: nil), Interval(start: nil, end: 1_000),
                ], in: 3
            ).first,
            conditions: random.rarely(conditions, in: 6), scope: scope(&random))
    }

    static func scope(_ random: inout SeededGenerator) -> DataScope {
        guard Int.random(in: 0..<2, using: &random) == 0 else { return DataScope() }
        return DataScope(
            dataPeriod: random.rarely(
                [
                    Interval(start: 150, end: 250), Interval(start: nil, end: 199),
                    Interval(start: 200, end: nil),
                ], in: 3
            ).first,
            data: Int.random(in: 0..<3, using: &random) == 0 ? random.some(of: data, upTo: 2) : [],
            confidentialities: random.rarely([.normal, .restricted, .veryRestricted], in: 4),
            sensitivities: Int.random(in: 0..<3, using: &random) == 0
                ? random.some(of: sensitivities, upTo: 2) : [],
            classes: random.rarely(types, in: 4), codes: random.rarely(codings, in: 4))
    }

    /// Any resource over the vocabulary, now and then with something that cannot be told.
    static func resource(_ random: inout SeededGenerator) -> ResourceFacts {
        let start = random.one(of: instants)
        let isKnown = { (random: inout SeededGenerator) in Int.random(in: 0..<6, using: &random) > 0 }
        return ResourceFacts(
            type: random.one(of: types), id: random.one(of: ["1", "2"]), custodian: ["Organization/o"],
            clinicalDate: isKnown(&random)
                ? Interval(start: start, end: random.one(of: [start, start + 60, 400])) : nil,
            authors: Known(
                random.some(of: ["Practitioner/e", "Practitioner/f", "PractitionerRole/r"], upTo: 2),
                isComplete: isKnown(&random)),
            related: Known(random.rarely(["Encounter/1"], in: 2), isComplete: isKnown(&random)),
            codes: Known(random.some(of: codings, upTo: 2), isComplete: isKnown(&random)),
            labels: isKnown(&random)
                ? ResourceLabels(
                    random.one(of: Confidentiality.allCases), random.some(of: sensitivities, upTo: 2)) : nil)
    }

    /// Resources such that whatever can be permitted at all is permitted for one of them.
    static let universe: [ResourceFacts] = {
        var universe: [ResourceFacts] = []
        let names: [(String, String)] = types.flatMap { [($0, "1"), ($0, "9")] } + [("Procedure", "9")]
        for (type, id) in names {
            for instant in [100, 150, 200, 251] as [Int64] {
                for author in [nil, "Practitioner/e", "Practitioner/f"] as [String?] {
                    for relation in [[], ["Encounter/1"]] {
                        for coding in [nil] + codings.map({ $0 as Coding? }) {
                            for sensitivity in [nil] + sensitivities.map({ $0 as SensitivityCode? }) {
                                universe.append(
                                    ResourceFacts(
                                        type: type, id: id, custodian: ["Organization/o"],
                                        clinicalDate: Interval(start: instant, end: instant),
                                        authors: Known([author].compactMap { $0 }), related: Known(relation),
                                        codes: Known([coding].compactMap { $0 }),
                                        labels: ResourceLabels(
                                            .unrestricted, [sensitivity].compactMap { $0 })))
                            }
                        }
                    }
                }
            }
        }
        return universe
    }()
}
