import Glibc

/// Reads and writes whole files.
enum FileBytes {
    /// The largest file that a command reads; FHIR bundles stay below.
    static let readBytesMax = 64 << 20

    /// Reads a file, or standard input for `-`.
    ///
    /// - Throws: `FileFault` that names the file and what the system says.
    static func read(_ path: String) throws(FileFault) -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFault("cannot be read", path) }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw FileFault("cannot be read", path) }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= readBytesMax else {
                throw FileFault(description: "`\(path)` is larger than \(readBytesMax) bytes")
            }
        }
    }

    /// Reads a file that may not be there: nil then.
    ///
    /// - Throws: `FileFault` that names the file and what the system says, or that it is too large.
    static func readIfPresent(_ path: String, bytesMax: Int) throws(FileFault) -> [UInt8]? {
        guard let count = byteCount(of: path) else { return nil }
        guard count <= bytesMax else {
            throw FileFault(description: "`\(path)` is larger than \(bytesMax) bytes")
        }
        return try read(path)
    }

    /// The size of a file; nil when there is no such file.
    static func byteCount(of path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// Puts a file in place as a whole, over one that is there; durable only after `syncAll`.
    ///
    /// - Throws: `FileFault` that names the file and what the system says.
    static func replace(_ path: String, with bytes: [UInt8]) throws(FileFault) {
        let part = path + ".part"
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try makeFolder(String(path[..<slash]), mode: 0o755)
        }
        let descriptor = open(part, O_WRONLY | O_CREAT | O_CLOEXEC | O_TRUNC, 0o644)
        guard descriptor >= 0 else { throw FileFault("cannot be written", part) }
        defer { close(descriptor) }
        try append(bytes, to: descriptor, part)
        guard rename(part, path) == 0 else { throw FileFault("cannot be put in place", path) }
    }

    /// Waits until everything written so far is on disk, which is faster than asking for each of many files.
    static func syncAll() { Glibc.sync() }

    /// Writes a file that anyone may read, over one that is there, and makes the folders above it.
    ///
    /// - Throws: `FileFault` that names the file and what the system says.
    static func write(_ bytes: [UInt8], to path: String) throws(FileFault) {
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try makeFolder(String(path[..<slash]), mode: 0o755)
        }
        try write(bytes, to: path, flags: O_TRUNC, mode: 0o644)
    }

    /// Writes a file that must not be there yet, with exactly this mode, and waits until it is on disk.
    ///
    /// - Throws: `FileFault` that names the file and what the system says.
    static func create(_ bytes: [UInt8], at path: String, mode: mode_t) throws(FileFault) {
        try write(bytes, to: path, flags: O_EXCL, mode: mode)
    }

    /// Makes a folder and those above it; one that is there stays as it is.
    ///
    /// - Throws: `FileFault` that names the folder and what the system says.
    static func makeFolder(_ path: String, mode: mode_t) throws(FileFault) {
        guard !path.isEmpty, mkdir(path, mode) != 0, errno != EEXIST else { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw FileFault("cannot be made", path)
        }
        try makeFolder(String(path[..<slash]), mode: mode)
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw FileFault("cannot be made", path) }
    }

    /// The names in a folder, sorted; none when it is not there or cannot be listed.
    static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The descriptor of standard error.
    static let standardError = STDERR_FILENO

    /// Writes bytes to a descriptor that is open.
    ///
    /// - Throws: `FileFault` with what the system says.
    static func append(
        _ bytes: [UInt8], to descriptor: CInt, _ path: String = "-"
    ) throws(FileFault) {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw FileFault("cannot be written", path) }
            written += count
        }
    }

    private static func write(
        _ bytes: [UInt8], to path: String, flags: CInt, mode: mode_t
    ) throws(FileFault) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, mode)
        guard descriptor >= 0 else { throw FileFault("cannot be written", path) }
        defer { close(descriptor) }
        try append(bytes, to: descriptor, path)
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw FileFault("cannot be written", path) }
    }
}

/// Says which file could not be read or written, and what the system says; never what is in it.
struct FileFault: Error, CustomStringConvertible {
    let description: String

    init(description: String) { self.description = description }

    /// Takes the reason from `errno`, so it must be made right after the call that failed.
    init(_ whatFailed: String, _ path: String) {
        description = "`\(path)` \(whatFailed): \(String(cString: strerror(errno)))"
    }
}
