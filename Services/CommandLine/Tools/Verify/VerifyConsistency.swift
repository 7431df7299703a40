import ArgumentParser
import LedgerProtocol
import Merkle
import TransparencyLog

/// `consentry verify consistency`: that a later checkpoint takes nothing back of an earlier one.
struct VerifyConsistency: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consistency", abstract: "Check that one checkpoint continues another.",
        discussion: """
            Both are files of signed notes, such as a validator's /checkpoint; NEW may be the URL of a \
            validator instead, which gives the proof as well. Exits with 0 when NEW continues OLD, 1 when \
            it does not, 2 when something cannot be read.
            """)

    @Argument(help: "The earlier note: a file.")
    var old: String

    @Argument(help: "The later note: a file, or the URL of a validator.")
    var new: String

    @Option(help: "The proof: a file of base64 hashes, one a line, or the URL of a validator to ask.")
    var proof: String?

    @Option(help: "The genesis file of the network, from a source you trust.")
    var genesis: String?

    @Option(help: "A C2SP tlog-policy file that both notes must meet.")
    var policy: String?

    @Option(help: "The changes to the network since genesis, as `consentry network changes` writes them.")
    var changes: String?

    func run() async throws {
        try await Verdicts.printing {
            let judge = try NoteJudge(genesisPath: genesis, policyPath: policy, changesPath: changes)
            let earlier = try FileBytes.read(old)
            let later = try await laterNote()
            do {
                return try await compare(
                    try judge.judge(earlier).checkpoint, try judge.judge(later).checkpoint)
            } catch let finding as AuditFinding {
                throw AuditFinding("consistency is not shown: \(finding)")
            }
        }
    }

    private func laterNote() async throws -> [UInt8] {
        guard case .web = LedgerSource(new) else { return try FileBytes.read(new) }
        guard let bytes = try await LedgerSource(new).read("checkpoint", bytesMax: SignedNote.byteCountMax)
        else { throw FileFault(description: "there is no checkpoint at `\(new)`") }
        return bytes
    }

    private func compare(_ old: Checkpoint, _ new: Checkpoint) async throws -> String {
        guard old.origin.utf8.elementsEqual(new.origin.utf8) else {
            throw AuditFinding("the notes are of two logs, `\(old.origin)` and `\(new.origin)`")
        }
        guard old.size <= new.size else {
            throw AuditFinding("the second note is older: \(new.size) entries after \(old.size)")
        }
        if old.size == new.size {
            guard old.root == new.root else {
                throw AuditFinding(
                    "two signed checkpoints of \(old.size) entries differ: this is a fork; keep both notes")
            }
        } else if old.size > 0 {
            let lines = try await proofLines(old.size, new.size)
            do {
                let proof = try ConsistencyProof(oldSize: old.size, newSize: new.size, lines: lines)
                try proof.verify(oldRoot: old.root, newRoot: new.root)
            } catch {
                throw AuditFinding(
                    "the proof from \(old.size) to \(new.size) entries does not hold (\(error)); keep both"
                )
            }
        }
        return "consistency is shown: the ledger of \(new.size) entries of \(new.origin) begins with the "
            + "\(old.size) of the earlier note"
    }

    private func proofLines(_ oldSize: UInt64, _ newSize: UInt64) async throws -> [UInt8] {
        let place = LedgerSource(proof ?? new)
        guard case .web(let url) = place else {
            guard let proof else {
                throw FileFault(description: "give the proof, a file or the URL of a validator, by `--proof`")
            }
            return try FileBytes.read(proof)
        }
        guard let lines = try await place.read("consistency/\(oldSize)/\(newSize)") else {
            throw FileFault(description: "`\(url)` gives no proof from \(oldSize) to \(newSize) entries")
        }
        return lines
    }
}
