import ArgumentParser
import ConsentEngine
import Model

/// `consentry consent preview`: what a contract would change, before it is signed.
struct ConsentPreview: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview", abstract: "Say who could see what if a consent were signed.",
        discussion: """
            Conditions count as met, since the question is who could see and not who may at this moment. \
            With --sensitivity the question is about one resource with that label.
            """)

    @Argument(help: "The Consent that is not signed yet.")
    var draft: String

    @Option(parsing: .upToNextOption, help: "The patient's other contracts, all in force.")
    var inForce: [String] = []

    @Option(help: "The genesis file of the network, for its policies, purposes and time zone.")
    var genesis: String?

    @Option(help: "A code of v3-ActCode such as HIV: who could see results with this label?")
    var sensitivity: String?

    @Option(help: "The time of the question as a FHIR dateTime; now unless it is given.")
    var at: String?

    func validate() throws {
        guard sensitivity.map({ SensitivityCode(code: $0) != nil }) ?? true else {
            throw ValidationError("--sensitivity takes a code of v3-ActCode such as HIV, PSY or SUD")
        }
        guard at.map({ FHIRDateTime.milliseconds(of: $0) != nil }) ?? true else {
            throw ValidationError("--at takes a FHIR dateTime such as 2026-11-26 or 2026-11-26T10:00:00Z")
        }
    }

    func run() throws {
        let registered = try ConsentFiles.registered(genesis: genesis)
        let (registry, implicit) = (registered.registry, registered.implicit)
        let contract = try ConsentFiles.contract(draft, registry: registry)
        let others = try inForce.map { StandingContract(try ConsentFiles.contract($0, registry: registry)) }
        let instant =
            at.flatMap { FHIRDateTime.milliseconds(of: $0, zone: registry.zone)?.lowerBound }
            ?? SystemClock.now().milliseconds
        let policies = DecisionPolicies(implicit)
        if let code = sensitivity.flatMap({ SensitivityCode(code: $0) }) {
            let custodians = contract.terms.custodians
            let survey = AccessSurvey(
                others + [StandingContract(contract)], policies: policies, custodian: custodians, instant)
            let resource = ResourceFacts(
                type: "Observation", id: "any", custodian: custodians, related: Known([]), codes: Known([]),
                labels: ResourceLabels(.restricted, [code]))
            print("who could see a result labelled \(code.display) (`\(code.code)`):")
            for line in PreviewExplanation.lines(survey.whoCouldSee(resource)) { print("  \(line)") }
            return
        }
        let preview = ContractPreview(
            of: contract, besides: others, policies: policies, atMilliseconds: instant)
        for line in PreviewExplanation.sentences(preview) { print(line) }
    }
}
