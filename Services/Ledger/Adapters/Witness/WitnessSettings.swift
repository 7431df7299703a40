package import Cryptography
import LedgerProtocol
import Model
import ServiceHost
import ServiceRuntime
package import TransparencyLog

/// What a validator is told about witnessing: the logs that it witnesses, and who witnesses its own.
package struct WitnessSettings: Sendable {
    /// The key of the witness's cosignatures, used for nothing else; nil where the validator is no witness.
    package var signer: Signer?
    /// The name of its cosignatures.
    package var name: String
    /// The keys of each log that it witnesses, by origin.
    package var logs: [String: [NoteVerifierKey]]
    /// The witnesses that are asked to cosign the own checkpoints; each has a URL.
    package var witnesses: [TlogPolicy.Witness]

    /// The variable that names the file of the logs: lines `log <vkey> [url]` of a C2SP tlog-policy.
    package static let logsVariable = "CONSENTRY_WITNESSED_LOGS"
    /// The variable that names the file of the witnesses: lines `witness <name> <vkey> <url>`.
    package static let witnessesVariable = "CONSENTRY_WITNESSES"
    /// The file of the witness's key in the folder of a validator's keys.
    package static let keyFile = "witness.key"

    /// Joins the parts.
    package init(
        signer: Signer? = nil, name: String, logs: [TlogPolicy.Log] = [],
        witnesses: [TlogPolicy.Witness] = []
    ) {
        self.signer = signer
        self.name = name
        self.logs = Dictionary(grouping: logs.map(\.key), by: \.name)
        self.witnesses = witnesses
    }

    /// Reads what the environment says; the witness is named after its validator.
    ///
    /// - Throws: `ConfigurationError` that names the variable at fault.
    init(_ environment: Environment, keys: KeyFolder, validatorName: String) throws(ConfigurationError) {
        let logs = try Self.lines(Self.logsVariable, environment)
        let witnesses = try Self.lines(Self.witnessesVariable, environment)
        for witness in witnesses?.witnesses ?? [] where witness.url?.hasPrefix("http") != true {
            throw ConfigurationError(
                variable: Self.witnessesVariable,
                reason:
                    "names a file in which the witness `\(witness.name)` has no URL; write it after the key")
        }
        self.init(
            signer: try keys.signerIfPresent(Self.keyFile), name: Self.name(ofValidator: validatorName),
            logs: logs?.logs ?? [], witnesses: witnesses?.witnesses ?? [])
    }

    /// The witnesses that the network asks by its own governance.
    static func witnesses(in network: NetworkState) -> [TlogPolicy.Witness] {
        network.members.witnesses.compactMap { witness in
            (try? NoteVerifierKey(vkey: witness.vkey)).map { key in
                TlogPolicy.Witness(name: key.name, key: key, url: witness.url)
            }
        }
    }

    /// The keys of everybody who is or was asked to cosign this log.
    func witnessKeys(_ history: NetworkHistory) -> [NoteVerifierKey] {
        (witnesses + history.periods.flatMap { Self.witnesses(in: $0.state) }).map(\.key)
    }

    /// The name of the witness of a validator.
    package static func name(ofValidator name: String) -> String { "witness.\(name)" }

    /// Who cosigns; nil where the validator is no witness.
    package var cosigner: WitnessCosigner? { signer.map { WitnessCosigner(name: name, signer: $0) } }

    private static func lines(
        _ variable: String, _ environment: Environment
    ) throws(ConfigurationError) -> TlogPolicy? {
        guard environment.optional(variable) != nil else { return nil }
        let bytes = try environment.fileContents(pathVariable: variable)
        do throws(NoteError) {
            return try TlogPolicy(parsing: bytes, isPart: true)
        } catch {
            throw ConfigurationError(variable: variable, reason: "names a file that is refused: \(error)")
        }
    }
}

/// Cosigns as a witness, at the time of day.
package struct WitnessCosigner: Sendable {
    private let signer: Signer

    /// The key by which others verify the cosignatures.
    package let key: NoteVerifierKey

    init(name: String, signer: Signer) {
        self.signer = signer
        key = NoteVerifierKey(name: name, kind: .cosignature, key: signer.publicKey)
    }

    /// Cosigns a checkpoint text.
    func sign(_ text: String) -> NoteSignature {
        let seconds = WallClock.now().milliseconds / 1_000
        return NoteSignature(cosigning: text, name: key.name, time: UInt64(max(seconds, 0)), with: signer)
    }
}
