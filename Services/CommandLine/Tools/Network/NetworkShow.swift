import ArgumentParser
import LedgerProtocol

/// `consentry network show`: what a genesis file says, for people.
struct NetworkShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show who and what a genesis file names.")

    @Option(help: "The genesis file.")
    var genesis: String

    func run() throws {
        for line in Self.lines(try Genesis(parsing: FileBytes.read(genesis))) { print(line) }
    }

    static func lines(_ genesis: Genesis) -> [String] {
        let owners = Dictionary(uniqueKeysWithValues: genesis.organizations.map { ($0.id, $0.name) })
        var lines = [
            "network \(genesis.network), made \(genesis.createdAt)", "id \(genesis.networkID)",
            "log \(genesis.origin)",
            "\(genesis.validators.count) validators, quorum \(genesis.initial.quorum), "
                + "at most \(genesis.initial.faultMax) faulty",
        ]
        if genesis.initial.faultMax == 0 {
            lines.append(
                "no validator may be faulty: this network does not protect against its own operators")
        }
        lines += genesis.organizations.map { "organisation \($0.id) \($0.name)" }
        lines += genesis.validators.map {
            "validator \($0.name) at \($0.url), of \(owners[$0.organization] ?? "")"
        }
        lines += genesis.services.map {
            "service \($0.name) at \($0.url), of \(owners[$0.organization] ?? "")"
        }
        lines.append("policy where no contract applies: \(genesis.policies.implicit)")
        return lines
    }
}
