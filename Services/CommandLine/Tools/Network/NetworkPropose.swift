import ArgumentParser
import LedgerProtocol
import Model

/// `consentry network propose`: a governance document that nobody has signed yet.
struct NetworkPropose: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "propose", abstract: "Draft a change to the network for the organisations to sign.",
        discussion: """
            Files hold JSON as the genesis file writes it. The document replaces the state that is in force \
            now: any other change that comes first makes it void.
            """)

    @Option(help: "The genesis file of the network.")
    var genesis: String

    @Option(help: "The base URL of a validator.")
    var url: String

    @Option(help: "The file to write.")
    var output: String

    @Option(help: "For how many blocks from now on the document may be agreed.")
    var expiresIn: UInt64 = 100_000

    @Option(help: "A file with a validator that joins.")
    var addValidator: [String] = []

    @Option(help: "The index of a validator that leaves, as `network show` counts it.")
    var removeValidator: [UInt16] = []

    @Option(help: "A validator that gets new keys and a file with it: INDEX=FILE.")
    var replaceValidator: [String] = []

    @Option(help: "A file with an organisation that joins.")
    var addOrganization: [String] = []

    @Option(help: "The id of an organisation that leaves.")
    var removeOrganization: [String] = []

    @Option(help: "A file with a service that gets new keys or another address.")
    var replaceService: [String] = []

    @Option(help: "A file with an organisation that gets another key or name.")
    var replaceOrganization: [String] = []

    @Option(
        help: "A key that may have been another's since a time, in Base64: KEY=2026-01-31T12:00:00.000Z.")
    var declareCompromise: [String] = []

    @Option(help: "A file with the limits of blocks.")
    var setLimits: String?

    @Option(help: "A file with the list of trusted issuers of credentials.")
    var setIssuers: String?

    @Option(help: "A file with the list of witnesses.")
    var setWitnesses: String?

    func run() async throws {
        let changes = try self.changes()
        guard !changes.isEmpty else { throw ValidationError("name at least one change; see --help") }
        let genesis = try Genesis(parsing: FileBytes.read(genesis))
        let network = RemoteNetwork(genesis: genesis, url: url)
        let state = try await network.changes().history.newest
        let expires = BlockHeight(try await network.nextHeight().value + expiresIn)
        let document = GovernanceDocument(changes, of: state, expires: expires)
        _ = try GovernanceRules.result(of: document, on: state)
        try FileBytes.write(document.bytes, to: output)
        for line in GovernanceReport.lines(document, on: state) { print(line) }
    }

    private func changes() throws -> [GovernanceChange] {
        var changes: [JSONValue] = []
        changes += try addOrganization.map {
            ["change": "addOrganization", "organization": try json($0)]
        }
        changes += try addValidator.map { ["change": "addValidator", "validator": try json($0)] }
        changes += try replaceValidator.map { argument in
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let index = UInt16(parts[0]) else {
                throw ValidationError("--replace-validator takes INDEX=FILE, not `\(argument)`")
            }
            return [
                "change": "replaceValidator", "index": .number(JSONNumber(Int(index))),
                "validator": try json(parts[1]),
            ]
        }
        changes += removeValidator.map {
            ["change": "removeValidator", "index": .number(JSONNumber(Int($0)))]
        }
        changes += try replaceService.map { ["change": "replaceService", "service": try json($0)] }
        changes += try replaceOrganization.map {
            ["change": "replaceOrganization", "organization": try json($0)]
        }
        changes += try declareCompromise.map { argument in
            // The Base64 of a key ends with the same sign.
            guard let place = argument.lastIndex(of: "=") else {
                throw ValidationError("--declare-compromise takes KEY=TIME, not `\(argument)`")
            }
            return [
                "change": "declareCompromise", "key": .string(String(argument[..<place])),
                "since": .string(String(argument[argument.index(after: place)...])),
            ]
        }
        changes += removeOrganization.map { ["change": "removeOrganization", "organization": .string($0)] }
        if let setLimits { changes.append(["change": "setLimits", "limits": try json(setLimits)]) }
        if let setIssuers { changes.append(["change": "setIssuers", "issuers": try json(setIssuers)]) }
        if let setWitnesses {
            changes.append(["change": "setWitnesses", "witnesses": try json(setWitnesses)])
        }
        return try changes.map { try GovernanceChange(json: $0) }
    }

    private func json(_ path: String) throws -> JSONValue {
        do { return try JSONValue(parsing: FileBytes.read(path)) } catch let error as JSONError {
            throw ValidationError("`\(path)` is not JSON: \(error)")
        }
    }
}
