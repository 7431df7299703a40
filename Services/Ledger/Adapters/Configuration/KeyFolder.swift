import Cryptography
import Glibc
import LedgerProtocol
import ServiceRuntime

/// The folder of a validator's private keys; each file is read once, at start, into guarded memory.
struct KeyFolder {
    private static let variable = "CONSENTRY_KEYS"
    /// A key file is one line; anything larger is another file.
    private static let fileBytesMax = 256

    let path: String

    /// Reads `<name>.key` and holds its public key against the one that genesis names.
    func signer(_ name: String, expecting publicKey: PublicSigningKey) throws(ConfigurationError) -> Signer {
        var bytes = try contents("\(name).key")
        // The text of a key must not stay behind in memory that may be swapped or dumped.
        defer { bytes.withUnsafeMutableBytes { wipe($0) } }
        let key: SigningKey
        do throws(KeyFileFault) { key = try KeyFile(parsing: bytes).signingKey() } catch {
            throw fault("\(name).key", "is refused: \(error)")
        }
        guard key.publicKey == publicKey else {
            throw fault(
                "\(name).key", "is not the key that genesis names; use the folder of this very validator")
        }
        return Signer(key)
    }

    private func contents(_ name: String) throws(ConfigurationError) -> [UInt8] {
        let descriptor = open("\(path)/\(name)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw fault(name, "cannot be opened; check the folder and its owner") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw fault(name, "is no file; put the key there")
        }
        // INVARIANT: nobody but the owner may read a private key.
        guard status.st_mode & 0o077 == 0 else {
            throw fault(
                name, "can be read by others; set its mode to 0600 and replace the key if they had access")
        }
        guard status.st_size > 0, status.st_size <= Self.fileBytesMax else {
            throw fault(name, "has `\(status.st_size)` bytes; a key file is one line")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        guard read(descriptor, &bytes, bytes.count) == bytes.count else {
            throw fault(name, "cannot be read to its end; check the disk")
        }
        return bytes
    }

    private func wipe(_ buffer: UnsafeMutableRawBufferPointer) {
        guard let address = buffer.baseAddress else { return }
        explicit_bzero(address, buffer.count)
    }

    private func fault(_ name: String, _ reason: String) -> ConfigurationError {
        ConfigurationError(variable: Self.variable, reason: "names a folder whose `\(name)` \(reason)")
    }
}
