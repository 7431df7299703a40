import Cryptography
import Glibc
package import LedgerCore
import Model
import ServiceRuntime
import Synchronization
package import TransparencyLog

/// What keeps a witness from using what it remembers; it must not cosign then.
package struct WitnessMemoryFault: Loggable, CustomStringConvertible, Equatable {
    /// One sentence that says what to do.
    package let description: String
    package var logDescription: String { description }
}

/// The newest row of each witnessed log, in a file outside the database.
///
/// It is durable before a cosignature leaves, so a database that was edited or restored from a backup cannot
/// make the witness cosign two histories of a log, and its rows are written again from here.
package final class WitnessMemory: Sendable {
    private struct State {
        var rows: [[UInt8]: WitnessedLogRow] = [:]
        /// Logs whose newest row was perhaps never committed.
        var unsettled: Set<[UInt8]> = []
    }

    private let path: String
    private let folder: Int32
    /// Nil where the validator is no witness.
    private let key: NoteVerifierKey?
    private let state: Mutex<State>

    /// Reads the file beside the sign-state of a validator, whose lock keeps other processes away from both.
    ///
    /// - Parameter key: the key of the witness; nil where the validator is none, and then nothing is read.
    /// - Throws: `WitnessMemoryFault` when the file cannot be read, or holds what the key did not sign.
    package init(besides signStatePath: String, key: NoteVerifierKey?) throws(WitnessMemoryFault) {
        let path = signStatePath + ".witness"
        self.path = path
        self.key = key
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else {
            throw Self.fault(path, DurableFile.Failure(what: "its folder cannot be opened", code: errno))
        }
        var rows: [[UInt8]: WitnessedLogRow] = [:]
        do {
            for row in try key == nil ? [] : Self.rows(path) { rows[row.origin] = row }
        } catch let failure as DurableFile.Failure {
            close(folder)
            throw Self.fault(path, failure)
        } catch {
            close(folder)
            throw Self.foreign(path)
        }
        if let key, !rows.values.allSatisfy({ $0.isCosigned(by: key) }) {
            close(folder)
            throw Self.foreign(path)
        }
        state = Mutex(State(rows: rows))
    }

    deinit { close(folder) }

    /// The rows as the database must hold them, by log.
    package var rows: [[UInt8]: WitnessedLogRow] { state.withLock { $0.rows } }

    /// The row of a log; nil when nothing of it was cosigned.
    func row(_ origin: [UInt8]) -> WitnessedLogRow? { state.withLock { $0.rows[origin] } }

    /// Whether the transaction that was to store the newest row of the log may have failed.
    func isUnsettled(_ origin: [UInt8]) -> Bool { state.withLock { $0.unsettled.contains(origin) } }

    /// Says that the database holds the newest row of the log.
    func settle(_ origin: [UInt8]) { state.withLock { _ = $0.unsettled.remove(origin) } }

    /// Remembers what is to be cosigned, or what was found to be; durable when this returns.
    ///
    /// - Throws: `WitnessMemoryFault`; nothing may be cosigned then.
    func remember(_ row: WitnessedLogRow) throws(WitnessMemoryFault) {
        precondition(key.map { row.isCosigned(by: $0) } ?? false, "a witness remembers what it cosigned")
        let failure = state.withLock { state -> DurableFile.Failure? in
            var rows = state.rows
            rows[row.origin] = row
            do throws(DurableFile.Failure) {
                try DurableFile.replace(path, with: Self.encode(rows), folder: folder)
            } catch {
                return error
            }
            state.rows = rows
            state.unsettled.insert(row.origin)
            return nil
        }
        if let failure { throw Self.fault(path, failure) }
    }

    private static func encode(_ rows: [[UInt8]: WitnessedLogRow]) -> [UInt8] {
        let sorted = rows.values.sorted { $0.origin.lexicographicallyPrecedes($1.origin) }
        let logs = sorted.map { row -> JSONValue in
            [
                "cosignature": .string(String(decoding: row.cosignature ?? [], as: UTF8.self)),
                "note": .string(String(decoding: row.note ?? [], as: UTF8.self)),
                "origin": .string(String(decoding: row.origin, as: UTF8.self)),
                "root": .string(Hex.encode(row.root)), "size": .string(String(row.size)),
            ]
        }
        let file: JSONValue = ["logs": .array(logs)]
        return file.encoded()
    }

    private struct Malformed: Error {}

    private static func rows(_ path: String) throws -> [WitnessedLogRow] {
        guard let bytes = try DurableFile.contents(path) else { return [] }
        guard let logs = try JSONValue(parsing: bytes)["logs"]?.array else { throw Malformed() }
        return try logs.map { log in
            guard let origin = log["origin"]?.string, let size = log["size"]?.string.flatMap({ Int64($0) }),
                let root = log["root"]?.string.flatMap({ Hex.decode($0) }), let note = log["note"]?.string,
                let cosignature = log["cosignature"]?.string
            else { throw Malformed() }
            return WitnessedLogRow(
                origin: [UInt8](origin.utf8), size: size, root: root, note: [UInt8](note.utf8),
                cosignature: [UInt8](cosignature.utf8))
        }
    }

    private static func fault(_ path: String, _ failure: DurableFile.Failure) -> WitnessMemoryFault {
        WitnessMemoryFault(description: "the witness's memory `\(path)` is unusable, \(failure)")
    }

    private static func foreign(_ path: String) -> WitnessMemoryFault {
        WitnessMemoryFault(
            description:
                "the witness's memory `\(path)` is damaged or another key's; bring back the file or the "
                + "`\(WitnessSettings.keyFile)` that it belongs to, or remove it together with a retired key"
        )
    }
}
