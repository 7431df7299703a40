import ArgumentParser
import LedgerProtocol
import TransparencyLog

/// `consentry network policy`: the C2SP policy file with which other verifiers demand the quorum.
struct NetworkPolicy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Print the C2SP tlog-policy file that demands the quorum.",
        discussion: """
            With --witnesses the file demands the quorum of the validators and witnesses as well: those that \
            the file's own `quorum` line says, or as many as --witnesses-needed says.
            """)

    @Option(help: "The genesis file.")
    var genesis: String

    @Option(help: "A file of lines `witness <name> <vkey> [url]`, as C2SP tlog-policy writes them.")
    var witnesses: String?

    @Option(help: "How many of the witnesses must have cosigned, where their file has no `quorum` line.")
    var witnessesNeeded: Int = 1

    func run() throws {
        let policy = try Genesis(parsing: FileBytes.read(genesis)).initial.quorumPolicy
        guard let witnesses else {
            print(policy.policyFile, terminator: "")
            return
        }
        let part = try TlogPolicy(parsing: FileBytes.read(witnesses), isPart: true)
        print(try policy.joined(with: part, needed: witnessesNeeded).text, terminator: "")
    }
}

extension QuorumPolicy {
    /// Demands the quorum and the witnesses of a file; a checkpoint's lines of both then count.
    ///
    /// - Throws: `NoteError` when the two do not make a policy.
    func joined(with part: TlogPolicy, needed: Int) throws(NoteError) -> TlogPolicy {
        let validators = cosigners.enumerated().map { place, key in
            TlogPolicy.Witness(name: "cosigner-\(place + 1)", key: key)
        }
        var groups = [
            TlogPolicy.Group(name: "validators", threshold: quorum, members: validators.map(\.name))
        ]
        groups += part.groups
        let outside: String
        if let quorum = part.quorum {
            outside = quorum
        } else {
            outside = "witnesses"
            groups.append(
                TlogPolicy.Group(name: outside, threshold: needed, members: part.witnesses.map(\.name)))
        }
        guard outside != TlogPolicy.noQuorum else {
            throw .unsoundPolicy("the file of witnesses demands none; leave it out")
        }
        groups.append(
            TlogPolicy.Group(
                name: "validators-and-witnesses", threshold: 2, members: ["validators", outside]))
        return try TlogPolicy(
            logs: logKeys.map { TlogPolicy.Log(key: $0) }, witnesses: validators + part.witnesses,
            groups: groups, quorum: "validators-and-witnesses")
    }
}
