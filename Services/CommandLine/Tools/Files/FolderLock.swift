import Glibc

/// Keeps a second process out of a folder for as long as the value lives.
struct FolderLock: ~Copyable {
    private let descriptor: CInt

    /// Makes the folder if need be and takes its lock.
    ///
    /// - Throws: `FileFault` when another process holds it.
    init(_ folder: String) throws(FileFault) {
        try FileBytes.makeFolder(folder, mode: 0o755)
        let path = "\(folder)/.lock"
        let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard opened >= 0 else { throw FileFault("cannot be opened", path) }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            close(opened)
            throw FileFault(description: "another process writes into `\(folder)`; wait until it has ended")
        }
        descriptor = opened
    }

    deinit { close(descriptor) }
}
