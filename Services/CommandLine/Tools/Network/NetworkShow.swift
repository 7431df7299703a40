import ArgumentParser
import Cryptography
import LedgerProtocol
import Model

/// `consentry network show`: what a genesis file says, for people.
struct NetworkShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show who and what a genesis file names.")

    @Option(help: "The genesis file.")
    var genesis: String

    @Option(help: "The changes since, as `network changes` writes them.")
    var changes: String?

    func run() throws {
        let file = try Genesis(parsing: FileBytes.read(genesis))
        let history = try NetworkFile.history(genesis: genesis, changes: changes)
        for line in Self.lines(file, history) { print(line) }
    }

    static func lines(_ genesis: Genesis, _ history: NetworkHistory) -> [String] {
        let network = history.newest
        let owners = Dictionary(uniqueKeysWithValues: network.organizations.map { ($0.id, $0.name) })
        var lines = [
            "network \(genesis.network), made \(genesis.createdAt)", "id \(genesis.networkID)",
            "log \(genesis.origin)",
            "\(network.validators.count) validators, quorum \(network.quorum), "
                + "at most \(network.faultMax) faulty",
        ]
        if network.faultMax == 0 {
            lines.append(
                "no validator may be faulty: this network does not protect against its own operators")
        }
        lines += network.organizations.map { "organisation \($0.id) \($0.name)" }
        lines += network.validators.map {
            "validator \($0.index) \($0.member.name) at \($0.member.url), of "
                + "\(owners[$0.member.organization] ?? "")"
        }
        lines += network.services.map {
            "service \($0.name) at \($0.url), of \(owners[$0.organization] ?? "")"
        }
        lines += network.members.compromises.map {
            "key \(Base64.encode($0.key.bytes)) compromised since \($0.since)"
        }
        lines += network.members.issuers.map { "issuer \($0.id)" }
        lines += network.members.witnesses.map { "witness \($0.vkey) at \($0.url)" }
        if let period = history.periods.last, history.periods.count > 1 {
            lines.append("changed \(history.periods.count - 1) times, in force since height \(period.first)")
        }
        lines.append("policy where no contract applies: \(genesis.policies.implicit)")
        return lines
    }
}
