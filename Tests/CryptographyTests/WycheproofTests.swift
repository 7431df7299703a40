import Cryptography
import Foundation
import TestSupport
import Testing

/// One group of a Wycheproof file, whose vectors share their parameters.
struct VectorGroup: Decodable, Sendable, CustomTestStringConvertible {
    struct Key: Decodable, Sendable { let pk: String }
    struct Vector: Decodable, Sendable {
        let tcId: Int
        let result: String
        let key, msg, tag, iv, aad, ct, sig: String?
        let ikm, salt, info, okm: String?
        let size: Int?
        let `private`, `public`, shared: String?

        var isValid: Bool { result == "valid" }
    }
    let publicKey: Key?
    let tests: [Vector]

    var testDescription: String { "vectors from \(tests.first?.tcId ?? 0)" }

    static func load(_ name: String) -> [VectorGroup] {
        struct File: Decodable { let testGroups: [VectorGroup] }
        guard let url = Corpora.folder?.appendingPathComponent("wycheproof/\(name)_test.json"),
            let data = try? Data(contentsOf: url),
            let file = try? JSONDecoder().decode(File.self, from: data)
        else { return [] }
        return file.testGroups
    }

    /// The numbers of the vectors on which the closure answers otherwise than the file.
    func disagreements(_ agrees: (Vector) throws -> Bool) -> [Int] {
        tests.filter { (try? agrees($0)) != true }.map(\.tcId)
    }
}

private func bytes(_ hex: String?) throws -> [UInt8] { try #require(hex.flatMap { Hex.decode($0) }) }

@Suite(.enabled(if: Corpora.isPresent, "the published test material is not beside the project"))
struct WycheproofTests {
    @Test(arguments: [
        ("ed25519", 151), ("x25519", 518), ("xchacha20_poly1305", 315), ("hmac_sha256", 174),
        ("hkdf_sha256", 86),
    ])
    func everyVectorIsLoaded(name: String, count: Int) {
        let loaded = VectorGroup.load(name).map(\.tests.count).reduce(0, +)
        #expect(loaded == count)
    }

    @Test(arguments: VectorGroup.load("ed25519"))
    func ed25519(group: VectorGroup) throws {
        let key = try PublicSigningKey(bytes(group.publicKey?.pk))
        let wrong = group.disagreements { vector in
            guard let signature = Signature(try bytes(vector.sig)) else { return !vector.isValid }
            return key.verifies(signature, of: try bytes(vector.msg)) == vector.isValid
        }
        #expect(wrong.isEmpty)
    }

    @Test(arguments: VectorGroup.load("x25519"))
    func x25519(group: VectorGroup) {
        let zeros = [UInt8](repeating: 0, count: 32)
        let wrong = group.disagreements { vector in
            let shared = try bytes(vector.shared)
            let product = X25519.multiply(scalar: try bytes(vector.private), point: try bytes(vector.public))
            // A product of zeros comes from a point of low order, which is always refused here.
            return shared == zeros ? product == nil : product == shared
        }
        #expect(wrong.isEmpty)
    }

    @Test(arguments: VectorGroup.load("x25519"))
    func lowOrderSealingKeysAreRefused(group: VectorGroup) {
        let zeros = String(repeating: "0", count: 64)
        let wrong = group.disagreements { vector in
            let accepted = (try? PublicSealingKey(bytes(vector.public))) != nil
            return accepted == (vector.shared != zeros)
        }
        #expect(wrong.isEmpty)
    }

    @Test(arguments: VectorGroup.load("xchacha20_poly1305"))
    func xchacha20Poly1305(group: VectorGroup) {
        let wrong = group.disagreements { vector in
            let key = SecretBytes(copying: try bytes(vector.key))
            let (nonce, data, message) = (try bytes(vector.iv), try bytes(vector.aad), try bytes(vector.msg))
            let sealed = try bytes(vector.ct) + bytes(vector.tag)
            let opened = try? XChaCha20Poly1305.open(sealed, nonce: nonce, associatedData: data, key: key)
            guard vector.isValid else { return opened == nil }
            let made = XChaCha20Poly1305.seal(message, nonce: nonce, associatedData: data, key: key)
            return opened == message && made == sealed
        }
        #expect(wrong.isEmpty)
    }

    @Test(arguments: VectorGroup.load("hmac_sha256"))
    func hmacSHA256(group: VectorGroup) {
        let wrong = group.disagreements { vector in
            let (key, message, tag) = (try bytes(vector.key), try bytes(vector.msg), try bytes(vector.tag))
            let made = HMACSHA256.authenticate(message, key: SecretBytes(copying: key))
            let whole = HMACSHA256.authenticate(parts: [message], key: key)
            // Some groups cut the tag short.
            return made == whole && (Array(made.bytes.prefix(tag.count)) == tag) == vector.isValid
        }
        #expect(wrong.isEmpty)
    }

    @Test(arguments: VectorGroup.load("hkdf_sha256"))
    func hkdfSHA256(group: VectorGroup) {
        let wrong = group.disagreements { vector in
            let size = try #require(vector.size)
            guard size <= HKDFSHA256.byteCountMax else { return !vector.isValid }
            let derived = HKDFSHA256.derive(
                secret: SecretBytes(copying: try bytes(vector.ikm)), salt: try bytes(vector.salt),
                context: try bytes(vector.info), byteCount: size)
            return derived.withBytes { Hex.encode($0) } == vector.okm
        }
        #expect(wrong.isEmpty)
    }
}
