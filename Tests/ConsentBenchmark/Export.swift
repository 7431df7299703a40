import ArgumentParser
import ConsentEngine
import Foundation
import Model

/// Writes generated contracts, requests and resources with this engine's answers, a patient a line.
struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write contracts, requests, resources and answers as lines of JSON.",
        discussion: """
            Without --patients-of: patients with few of everything, so that all rules meet, each with one \
            request and ten resources. With it: patients of the population with so many contracts, each with \
            several requests for one resource.
            """)

    private static let resourceCount = 10
    private static let requestCount = 32

    @Option(help: "How many pairs of a request and a resource to write.") var count = 100_000
    @Option(help: "Patients of the population with so many contracts.") var patientsOf: Int?
    @Option(help: "The number from which everything comes.") var seed: UInt64 = 1

    func validate() throws {
        guard count > 0, patientsOf ?? 1 > 0 else { throw ValidationError("counts are above 0") }
    }

    func run() throws {
        var random = SeededRandom(seed: seed)
        if let patientsOf {
            let patientCount = (count + Self.requestCount - 1) / Self.requestCount
            let group = PatientGroup(contractCount: patientsOf, patientCount: patientCount, seed: seed)
            for place in 0..<patientCount { try write(populationLine(group, place, &random)) }
        } else {
            for _ in 0..<(count + Self.resourceCount - 1) / Self.resourceCount {
                try write(narrowLine(&random))
            }
        }
    }

    private func write(_ line: JSONValue) throws {
        try FileHandle.standardOutput.write(contentsOf: line.encoded() + [UInt8(ascii: "\n")])
    }

    private func populationLine(
        _ group: PatientGroup, _ place: Int, _ random: inout SeededRandom
    ) -> JSONValue {
        let cases = (0..<Self.requestCount).map { _ in
            let (question, generator) = group.question(ofPatient: place, &random)
            let decision = ConsentEvaluator.decide(
                question.request, contracts: question.contracts, policies: Population.policies)
            return CedarExport.Case(
                decision: decision,
                resources: [generator.resource(of: question.request.custodian, &random)])
        }
        return CedarExport.line(group.contracts[place], policies: Population.policies, cases)
    }

    private func narrowLine(_ random: inout SeededRandom) -> JSONValue {
        let setting = CareSetting.narrow
        let contracts = ContractGenerator(setting: setting, mix: .everything)
        let requests = RequestGenerator(setting: setting, isNarrow: true)
        let standing = (0..<random.below(5)).map { _ in contracts.standing(&random) }
        let request = requests.request(
            standing, purposes: random.some(of: setting.purposes, upTo: 3), &random)
        let policies = DecisionPolicies(
            random.pick(ImplicitPolicy.allCases),
            breakGlass: random.pick([
                nil, BreakGlassPolicy(mayDeclare: ["Group/g", setting.practitioners[1]]),
                BreakGlassPolicy(mayDeclare: ["Group/g"], scopeMax: .normal),
            ]))
        let decision = ConsentEvaluator.decide(request, contracts: standing, policies: policies)
        let resources = (0..<Self.resourceCount).map { _ in
            // Now and then what another organisation holds.
            let custodian =
                random.isTrue(percent: 5) ? [setting.otherCustodian] : request.custodian
            return requests.resource(of: custodian, &random)
        }
        return CedarExport.line(
            standing, policies: policies, [CedarExport.Case(decision: decision, resources: resources)])
    }
}
