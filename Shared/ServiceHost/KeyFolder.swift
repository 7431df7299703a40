package import Cryptography
import Glibc
import LedgerProtocol
package import ServiceRuntime

/// The folder of a process's private keys; each file is read once, at start, into guarded memory.
package struct KeyFolder: Sendable {
    /// A key file is one short line; anything larger is another file.
    private static let fileBytesMax = 256

    private let variable: String
    private let path: String

    /// Takes the folder that a variable names.
    ///
    /// - Throws: `ConfigurationError` when the variable is not set.
    package init(variable: String, environment: Environment) throws(ConfigurationError) {
        self.variable = variable
        path = try environment.path(variable)
    }

    /// Reads an Ed25519 key and checks it against genesis, if genesis names it.
    ///
    /// - Parameter expected: the public key that genesis names; nil for one that joined later.
    /// - Throws: `ConfigurationError` for a file that is missing, that others can read, that is no such key,
    ///   or whose key is not the expected one.
    package func signer(
        _ name: String, matching expected: PublicSigningKey?
    ) throws(ConfigurationError) -> Signer {
        let file = try keyFile(name)
        let key: SigningKey
        do throws(KeyFileFault) { key = try file.signingKey() } catch { throw fault(name, error) }
        if let expected, key.publicKey != expected { throw foreign(name) }
        return Signer(key)
    }

    /// Reads an Ed25519 key that the process can do without; nil when there is no such file.
    ///
    /// - Throws: `ConfigurationError` for a file that others can read or that is no such key.
    package func signerIfPresent(_ name: String) throws(ConfigurationError) -> Signer? {
        guard access("\(path)/\(name)", F_OK) == 0 else { return nil }
        let file = try keyFile(name)
        do throws(KeyFileFault) { return Signer(try file.signingKey()) } catch { throw fault(name, error) }
    }

    /// Reads an X25519 key and checks it against genesis.
    func unsealer(_ name: String, matching expected: PublicSealingKey) throws(ConfigurationError) -> Unsealer
    {
        let file = try keyFile(name)
        let key: SealingKey
        do throws(KeyFileFault) { key = try file.sealingKey() } catch { throw fault(name, error) }
        guard key.publicKey == expected else { throw foreign(name) }
        return Unsealer(key)
    }

    /// Reads a symmetric key.
    func secretKey(_ name: String) throws(ConfigurationError) -> SecretKey {
        let file = try keyFile(name)
        do throws(KeyFileFault) { return try file.symmetricKey() } catch { throw fault(name, error) }
    }

    private func keyFile(_ name: String) throws(ConfigurationError) -> KeyFile {
        var bytes = try contents(name)
        // The text of a key must not stay behind in memory that may be swapped or dumped.
        defer { bytes.withUnsafeMutableBytes { wipe($0) } }
        do throws(KeyFileFault) { return try KeyFile(parsing: bytes) } catch { throw fault(name, error) }
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
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
            }
            guard got > 0 else { throw fault(name, "cannot be read to its end; check the disk") }
            count += got
        }
        return bytes
    }

    private func wipe(_ buffer: UnsafeMutableRawBufferPointer) {
        guard let address = buffer.baseAddress else { return }
        explicit_bzero(address, buffer.count)
    }

    private func fault(_ name: String, _ cause: KeyFileFault) -> ConfigurationError {
        fault(name, "is refused: \(cause)")
    }

    private func foreign(_ name: String) -> ConfigurationError {
        fault(name, "does not belong to the key that genesis names; use the keys made with this network")
    }

    private func fault(_ name: String, _ reason: String) -> ConfigurationError {
        ConfigurationError(variable: variable, reason: "names a folder whose `\(name)` \(reason)")
    }
}
