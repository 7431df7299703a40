import Glibc

/// Files that are replaced as a whole, and that are durable when that returns.
enum DurableFile {
    /// What could not be done with a file, and the reason that the system gave.
    struct Failure: Error, CustomStringConvertible {
        let what: String
        let code: Int32

        var description: String { "\(what): \(String(cString: strerror(code)))" }
    }

    /// Reads a file; nil when there is none.
    ///
    /// - Throws: `Failure`.
    static func contents(_ path: String) throws(Failure) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        if file < 0 && errno == ENOENT { return nil }
        guard file >= 0 else { throw Failure(what: "it cannot be opened", code: errno) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(file, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Failure(what: "it cannot be read", code: errno) }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }

    /// Writes a new file beside the old one, syncs it, puts it in its place and syncs the folder.
    ///
    /// - Parameters:
    ///   - folder: the open folder of the file.
    ///   - written: is called when the new file is synced.
    ///   - renamed: is called when it has taken the place of the old one.
    /// - Throws: `Failure`; what is on the disk is then unknown.
    static func replace(
        _ path: String, with bytes: [UInt8], folder: Int32, written: () -> Void = {},
        renamed: () -> Void = {}
    ) throws(Failure) {
        let temporary = path + ".new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure(what: "it cannot be written", code: errno) }
        defer { close(file) }
        var position = 0
        while position < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                write(file, buffer.baseAddress.map { $0 + position }, buffer.count - position)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw Failure(what: "it cannot be written", code: errno) }
            position += count
        }
        guard fdatasync(file) == 0 else { throw Failure(what: "it cannot be synced", code: errno) }
        written()
        guard rename(temporary, path) == 0 else { throw Failure(what: "it cannot be replaced", code: errno) }
        renamed()
        guard fsync(folder) == 0 else { throw Failure(what: "its folder cannot be synced", code: errno) }
    }
}
