import ArgumentParser
import LedgerProtocol
import Model

/// `consentry network init`: the genesis of a new network and every key in it.
struct NetworkInit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make the genesis file of a new network and all of its keys.",
        discussion: """
            The folder must not exist or be empty; nothing is ever overwritten. Give each organisation the \
            keys of its own validators and services, and delete them here: whoever holds all of them is the \
            network.
            """)

    @Option(help: "The short name of the network: 1 to 32 of a-z, 0-9 and hyphen.")
    var name: String

    @Option(help: "The folder to make.")
    var directory: String

    @Option(
        help: "How many validators there are; the quorum is two thirds of them, rounded down, and one more.")
    var validators: Int = 4

    @Option(
        parsing: .upToNextOption,
        help: "The names of the organisations, which own the validators in turn and the first all services.")
    var organization: [String] = []

    @Option(
        parsing: .upToNextOption, help: "The base URL of a service, for each of the four: identity=https://…")
    var service: [ServiceURL] = []

    @Option(parsing: .upToNextOption, help: "The base URL of each validator, in their order.")
    var validatorURL: [String] = []

    @Option(parsing: .upToNextOption, help: "The names of systems that subscribe to access events.")
    var subscriber: [String] = []

    @Option(
        help: "How many submissions of a service may wait ahead of its next sequence (1 to 1,024).")
    var submissionsAhead: Int = GenesisLimits.standard.submissionsAheadMax

    @Option(help: "The IANA time zone in which dates without zone are read, such as Europe/Berlin.")
    var timeZone: String = GenesisPolicies.timeZoneDefault

    @Option(
        parsing: .upToNextOption,
        help: "Code systems of purposes that contracts may name beside HL7's v3-ActReason.")
    var purposeSystem: [String] = []

    func validate() throws {
        guard (1...1_024).contains(submissionsAhead) else {
            throw ValidationError("--submissions-ahead takes a number from 1 to 1024")
        }
        guard (1...100).contains(validators) else {
            throw ValidationError("--validators takes a number from 1 to 100")
        }
        guard validatorURL.count == validators else {
            throw ValidationError(
                "--validator-url must be given \(validators) times and was given \(validatorURL.count) times")
        }
        for name in ServiceName.allCases {
            let count = service.count { $0.name == name }
            guard count == 1 else {
                throw ValidationError(
                    "--service \(name.rawValue)=URL must be given once and was given \(count) times")
            }
        }
        for name in subscriber where name.isEmpty || NetworkLayout.slug(name) != name {
            throw ValidationError("--subscriber takes names of a-z, 0-9 and hyphen, not `\(name)`")
        }
    }

    func run() throws {
        let names = organization.isEmpty ? (1...validators).map { "Organization \($0)" } : organization
        let plan = NetworkPlan(
            name: name, organizationNames: names, validatorURLs: validatorURL,
            serviceURLs: Dictionary(
                service.map { ($0.name, $0.url) }, uniquingKeysWith: { first, _ in first }),
            subscriberNames: subscriber, submissionsAheadMax: submissionsAhead, timeZone: timeZone,
            purposeSystems: purposeSystem)
        let genesis = try plan.make(in: directory, now: SystemClock.now())
        print("made the network `\(genesis.network)` in `\(directory)`, network id \(genesis.networkID)")
        print(
            "\(genesis.validators.count) validators, of which \(genesis.initial.quorum) make a block "
                + "final and \(genesis.initial.faultMax) may fail")
    }
}

/// The value of `--service`: `name=URL`.
struct ServiceURL: ExpressibleByArgument, Sendable {
    let name: ServiceName
    let url: String

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let name = ServiceName(rawValue: String(parts[0])) else { return nil }
        self.name = name
        url = String(parts[1])
    }
}
