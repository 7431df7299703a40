// Whichever of the two the compiler meets first defines `stat`.
import CDispatch
import Glibc
package import LedgerCore
package import LedgerProtocol
import ServiceRuntime
import Synchronization

/// What keeps a validator from using its sign-state; it must not sign then.
package struct SignStateFault: Loggable, CustomStringConvertible, Equatable {
    /// One sentence that says what to do.
    package let description: String
    package var logDescription: String { description }
}

/// The file that holds what a validator has signed, on a disk of its own if that can be had.
///
/// Every write is durable when it returns: a new file is written and synced, takes the place of the old
/// one, and the folder is synced. One process at a time holds the file; the lock lies beside it, because
/// the file itself is replaced.
package final class SignStateFile: Sendable {
    private let path: String
    private let lock: Int32
    private let folder: Int32
    private let known: Mutex<FileIdentity?>

    /// What tells one state of a file from another without reading it: every write makes a new file.
    private struct FileIdentity: Equatable {
        let device: UInt64
        let number: UInt64
        let byteCount: Int64
        let modifiedSeconds: Int
        let modifiedNanoseconds: Int

        /// Nil when there is no such file.
        init?(path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = UInt64(status.st_dev)
            number = UInt64(status.st_ino)
            byteCount = Int64(status.st_size)
            modifiedSeconds = status.st_mtim.tv_sec
            modifiedNanoseconds = status.st_mtim.tv_nsec
        }
    }

    /// Takes the file for this process; the folder is made if it is missing.
    ///
    /// - Throws: `SignStateFault` when another process holds it or the folder cannot be used.
    package init(path: String) throws(SignStateFault) {
        self.path = path
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        mkdir(parent, 0o700)
        folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else {
            throw Self.fault(DurableFile.Failure(what: "its folder cannot be opened", code: errno))
        }
        lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            let error = errno
            close(folder)
            throw Self.fault(DurableFile.Failure(what: "its lock cannot be opened", code: error))
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            close(folder)
            throw SignStateFault(
                description:
                    "another process uses the sign-state `\(path)`; a validator key signs in one place only")
        }
        known = Mutex(FileIdentity(path: path))
    }

    deinit {
        close(lock)
        close(folder)
    }

    /// Reads the sign-state; nil when there is none yet.
    ///
    /// - Throws: `SignStateFault` when it cannot be read, is damaged or is of another network or validator.
    package func read(networkID: NetworkID, validator: ValidatorIndex) throws(SignStateFault) -> SignState? {
        guard let bytes = try contents() else { return nil }
        let state: SignState
        do throws(DecodingFault) { state = try SignState(decoding: bytes) } catch {
            throw SignStateFault(
                description:
                    "the sign-state `\(path)` is damaged; restore it from a mirror, or retire the key"
            )
        }
        guard state.networkID == networkID, state.validator == validator else {
            throw SignStateFault(
                description:
                    "the sign-state `\(path)` is of another network or validator; give each its own file")
        }
        return state
    }

    /// Replaces the sign-state and returns when the new one is durable.
    ///
    /// INVARIANT: it replaces only what this process found or wrote. A file that was put back from a
    /// backup, or that another process wrote, tells of other signatures.
    /// - Throws: `SignStateFault`; what is on the disk is then unknown, so nothing more may be signed.
    package func write(_ state: SignState) throws(SignStateFault) {
        guard known.withLock({ $0 }) == FileIdentity(path: path) else {
            throw SignStateFault(
                description:
                    "the sign-state `\(path)` was replaced while it was in use; find out by whom, put the "
                    + "newest one back, and let one process use it")
        }
        CrashPoint.signStateUnwritten.pass()
        try replace(with: state.encoded)
        CrashPoint.signStateDurable.pass()
        known.withLock { $0 = FileIdentity(path: path) }
    }

    private func replace(with bytes: [UInt8]) throws(SignStateFault) {
        do throws(DurableFile.Failure) {
            try DurableFile.replace(
                path, with: bytes, folder: folder, written: { CrashPoint.signStateWritten.pass() },
                renamed: { CrashPoint.signStateRenamed.pass() })
        } catch {
            throw Self.fault(error)
        }
    }

    private func contents() throws(SignStateFault) -> [UInt8]? {
        do throws(DurableFile.Failure) { return try DurableFile.contents(path) } catch {
            throw Self.fault(error)
        }
    }

    private static func fault(_ failure: DurableFile.Failure) -> SignStateFault {
        SignStateFault(description: "the sign-state is unusable, \(failure)")
    }
}
