import LedgerProtocol
import TransparencyLog

/// Says whether a note is believed: by the quorum of a network, by a policy file, or by both.
struct NoteJudge: Sendable {
    let genesis: Genesis?
    let policy: TlogPolicy?
    /// The network from genesis on, as far as the file of its changes goes.
    private let history: NetworkHistory?

    /// Reads the files that the command was given, at least one of them.
    ///
    /// - Throws: `FileFault` when one cannot be read or is refused.
    init(genesisPath: String?, policyPath: String?, changesPath: String? = nil) throws {
        do {
            genesis = try genesisPath.map { try Genesis(parsing: FileBytes.read($0)) }
            history = try genesisPath.map {
                try NetworkFile.history(genesis: $0, changes: changesPath)
            }
            policy = try policyPath.map { try TlogPolicy(parsing: FileBytes.read($0)) }
        } catch let fault as GenesisFault {
            throw FileFault(description: "`\(genesisPath ?? "")` is refused: \(fault)")
        } catch let failure as VerificationFailure {
            throw FileFault(description: "`\(changesPath ?? "")` is refused: \(failure)")
        } catch let error as NoteError {
            throw FileFault(description: "`\(policyPath ?? "")` is refused: \(error)")
        }
        guard genesis != nil || policy != nil else {
            throw FileFault(description: "give `--genesis`, `--policy` or both, to say whom to believe")
        }
        guard genesis != nil || changesPath == nil else {
            throw FileFault(description: "give `--genesis` as well: the changes are proven from there on")
        }
    }

    /// Reads a note, which must be of the genesis file's log and meet the policy.
    ///
    /// That its network signed it is shown by its blocks, whose validators may be others than at first.
    /// - Throws: `AuditFinding`.
    func read(_ bytes: [UInt8]) throws(AuditFinding) -> (note: SignedNote, checkpoint: Checkpoint) {
        do throws(NoteError) {
            let note = try SignedNote(parsing: bytes)
            if let policy { _ = try policy.verify(note) }
            let checkpoint = try Checkpoint(parsing: note.text, extensionLines: .ignored)
            guard let origin = genesis?.origin, !origin.utf8.elementsEqual(checkpoint.origin.utf8) else {
                return (note, checkpoint)
            }
            throw NoteError.wrongOrigin(expected: origin, found: checkpoint.origin)
        } catch {
            throw AuditFinding(error.description)
        }
    }

    /// Reads a note that the policy or, without one, the validators must have signed that were in force at
    /// its size, as far as the changes of the network are known.
    ///
    /// - Throws: `AuditFinding`.
    func judge(_ bytes: [UInt8]) throws(AuditFinding) -> (note: SignedNote, checkpoint: Checkpoint) {
        let read = try read(bytes)
        guard policy == nil, let history else { return read }
        let network = history.state(ofTreeSize: read.checkpoint.size)
        do throws(NoteError) { _ = try network.quorumPolicy.verify(read.note) } catch {
            throw AuditFinding(
                "\(error.description); if the validators are others by now, give what `network changes` "
                    + "writes by `--changes`, or their policy by `--policy`")
        }
        return read
    }
}
