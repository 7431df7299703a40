import Cryptography
import Testing

/// Gives the value with each single bit changed.
private func flips(of bytes: [UInt8]) -> [[UInt8]] {
    (0..<bytes.count * 8).map { bit in
        var changed = bytes
        changed[bit / 8] ^= 1 << UInt8(bit % 8)
        return changed
    }
}

struct SelfTestTests {
    @Test func theLibraryGivesTheKnownAnswers() throws { try CryptographySelfTest.run() }
}

struct SigningTests {
    let message = [UInt8]("a checkpoint".utf8)

    @Test func signaturesVerifyAndTheirChangesDoNot() throws {
        let key = SigningKey.generate()
        let signature = key.sign(message)
        let accepted = flips(of: signature.bytes).compactMap { Signature($0) }.filter {
            key.publicKey.verifies($0, of: message)
        }
        #expect(key.publicKey.verifies(signature, of: message))
        #expect(!key.publicKey.verifies(signature, of: message + [0]))
        #expect(!SigningKey.generate().publicKey.verifies(signature, of: message))
        #expect(accepted.isEmpty)
    }

    @Test func theSeedMakesTheSameKey() throws {
        let key = SigningKey.generate()
        let seed = key.withSeed { SecretBytes(copying: $0).withBytes { [UInt8]($0) } }
        let again = try SigningKey(seed: SecretBytes(copying: seed))
        let signer = Signer(try SigningKey(seed: SecretBytes(copying: seed)))
        #expect(seed.count == SigningKey.seedByteCount)
        #expect(again.publicKey == key.publicKey)
        #expect(again.sign(message) == key.sign(message))
        #expect(signer.sign(message) == key.sign(message))
        #expect(signer.keyID == key.publicKey.keyID)
        #expect(signer.keyID.digest == SHA256.hash(key.publicKey.bytes))
    }

    @Test(arguments: [0, 31, 33, 64])
    func seedsOfAnotherLengthAreRefused(count: Int) {
        #expect(throws: CryptographyError.self) { _ = try SigningKey(seed: SecretBytes(byteCount: count)) }
        #expect(throws: CryptographyError.self) { _ = try SealingKey(secret: SecretBytes(byteCount: count)) }
    }

    @Test func publicKeysOfAnotherLengthAreRefused() {
        let accepted = (0...64).filter {
            (try? PublicSigningKey([UInt8](repeating: 9, count: $0))) != nil && $0 != 32
                || (try? PublicSealingKey([UInt8](repeating: 9, count: $0))) != nil && $0 != 32
        }
        #expect(accepted.isEmpty)
    }

    // The eight points of small order, and spellings of some above the prime or with the sign bit of
    // zero set.
    @Test(arguments: [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0200000000000000000000000000000000000000000000000000000000000000",
    ])
    func unsoundSigningKeysAreRefused(hex: String) throws {
        let bytes = try #require(Hex.decode(hex))
        #expect(throws: CryptographyError.self) { try PublicSigningKey(bytes) }
    }
}

struct SealingTests {
    @Test func onlyTheHolderOpens() throws {
        let (mine, other) = (Unsealer(SealingKey.generate()), Unsealer(SealingKey.generate()))
        let sealed = mine.publicKey.seal([1, 2, 3])
        let opened = flips(of: sealed).filter { (try? mine.open($0)) != nil }
        let short = (0..<sealed.count).filter { (try? mine.open([UInt8](sealed[..<$0]))) != nil }
        #expect(try mine.open(sealed) == [1, 2, 3])
        #expect(try mine.open(mine.publicKey.seal([])).isEmpty)
        #expect(throws: CryptographyError.self) { try other.open(sealed) }
        #expect(short.isEmpty)
        // X25519 ignores the top bit of the sender's fresh key, but the box's nonce covers all of it.
        #expect(opened.isEmpty)
    }

    @Test func theSecretMakesTheSameKey() throws {
        let key = SealingKey.generate()
        let secret = key.withSecret { SecretBytes(copying: $0).withBytes { [UInt8]($0) } }
        let again = try SealingKey(secret: SecretBytes(copying: secret))
        #expect(again.publicKey == key.publicKey)
    }
}

struct SecretKeyTests {
    let key = SecretKey.generate()
    let data = [UInt8]("patient, record, version".utf8)

    @Test func openingNeedsTheSameKeyDataAndBytes() throws {
        let box = key.seal([1, 2, 3], associatedData: data)
        let opened = flips(of: box).filter { (try? key.open($0, associatedData: data)) != nil }
        let short = (0..<box.count).filter {
            (try? key.open([UInt8](box[..<$0]), associatedData: data)) != nil
        }
        let differently = flips(of: data).filter { (try? key.open(box, associatedData: $0)) != nil }
        #expect(try key.open(box, associatedData: data) == [1, 2, 3])
        #expect(throws: CryptographyError.self) { try SecretKey.generate().open(box, associatedData: data) }
        #expect(opened.isEmpty)
        #expect(short.isEmpty)
        #expect(differently.isEmpty)
    }

    @Test func noncesAreFresh() {
        let boxes = Set((0..<100).map { _ in key.seal([], associatedData: []) })
        #expect(boxes.count == 100)
    }

    @Test func wrappedKeysComeBack() throws {
        let secret = SecretBytes(byteCount: 32)
        let box = key.sealSecret(secret, associatedData: data)
        let opened = try key.openSecret(box, associatedData: data)
        let same = SecretBytes.equal(secret, opened)
        #expect(same)
        #expect(throws: CryptographyError.self) { _ = try key.openSecret(box, associatedData: []) }
        #expect(throws: CryptographyError.self) { _ = try key.openSecret([], associatedData: []) }
    }

    @Test func authenticationIsHMACUnderTheKey() {
        let bytes = key.withBytes { [UInt8]($0) }
        let expected = HMACSHA256.authenticate(data, key: bytes)
        #expect(key.authenticate(data) == expected)
        #expect(HMACSHA256.verify(expected, of: data, key: bytes))
        #expect(!HMACSHA256.verify(expected, of: data + [0], key: bytes))
    }
}

struct SecretBytesTests {
    @Test func equalityComparesEveryByte() {
        let bytes = Random.bytes(40)
        let secret = SecretBytes(copying: bytes)
        let equal = flips(of: bytes).filter { SecretBytes.equal(secret, SecretBytes(copying: $0)) }
        let same = SecretBytes.equal(secret, SecretBytes(copying: bytes))
        let shorter = SecretBytes.equal(secret, SecretBytes(copying: [UInt8](bytes.dropLast())))
        let empty = SecretBytes.equal(SecretBytes(byteCount: 0), SecretBytes(copying: []))
        #expect(same)
        #expect(empty)
        #expect(!shorter)
        #expect(equal.isEmpty)
    }

    @Test func movingEmptiesTheSource() {
        var bytes: [UInt8] = [1, 2, 3]
        let secret = SecretBytes(moving: &bytes)
        let moved = secret.withBytes { [UInt8]($0) }
        #expect(bytes.isEmpty)
        #expect(moved == [1, 2, 3])
    }

    @Test func randomBytesDiffer() {
        let drawn = Set((0..<100).map { _ in Random.bytes(16) })
        #expect(drawn.count == 100)
        #expect(Random.bytes(0).isEmpty)
    }
}
