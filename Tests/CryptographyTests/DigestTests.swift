import CLibsodium
import Cryptography
import Testing

struct DigestTests {
    @Test func onlyThirtyTwoBytesAreADigest() {
        let accepted = (0...70).filter { Digest([UInt8](repeating: 7, count: $0)) != nil }
        let lazily = (0...70).filter { Digest((0..<$0).lazy.map(UInt8.init)) != nil }
        #expect(accepted == [32])
        #expect(lazily == [32])
    }

    @Test func bytesSurviveEveryForm() throws {
        let bytes = [UInt8](0xE0...0xFF)
        let digest = try #require(Digest(bytes))
        #expect(digest.bytes == bytes)
        #expect(Digest(hex: digest.hex) == digest)
        #expect(Digest(bytes.lazy.map { $0 }) == digest)
        #expect(digest.hex == "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    }

    @Test func orderIsTheOrderOfTheBytes() throws {
        let arrays = (0..<32).flatMap { place in
            [1, 0x80, 0xFF].map { value in (0..<32).map { $0 == place ? UInt8(value) : 0 } }
        }
        let sorted = try arrays.map { try #require(Digest($0)) }.sorted().map(\.bytes)
        let expected = arrays.sorted { $0.lexicographicallyPrecedes($1) }
        #expect(sorted == expected)
    }

    @Test func constantTimeEqualityAgreesWithEquality() throws {
        let digest = SHA256.hash([1])
        let flipped = (0..<256).compactMap { bit in
            var bytes = digest.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            return Digest(bytes)
        }
        let equal = flipped.filter { $0.equalsInConstantTime(digest) || $0 == digest }
        #expect(flipped.count == 256)
        #expect(equal.isEmpty)
        #expect(digest.equalsInConstantTime(SHA256.hash([1])))
    }

    @Test func twoLibrariesAgreeOnEveryLength() {
        let different = (0...1_100).filter { count in
            let message = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ count) }
            var other = [UInt8](repeating: 0, count: 32)
            crypto_hash_sha256(&other, message, UInt64(count))
            return SHA256.hash(message).bytes != other
        }
        #expect(different.isEmpty)
    }

    @Test func piecesHashAsTheWhole() {
        let message = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let whole = SHA256.hash(message)
        let different = (0...message.count).filter { cut in
            var hasher = SHA256.Hasher()
            hasher.update([UInt8](message[..<cut]))
            hasher.update([UInt8](message[cut...]))
            return hasher.finalize() != whole
                || SHA256.hash(parts: [[UInt8](message[..<cut]), [UInt8](message[cut...])]) != whole
        }
        #expect(different.isEmpty)
    }

    @Test func prefixedHashesAreHashesOfTheConcatenation() {
        let (left, right) = (SHA256.hash([1]), SHA256.hash([2]))
        let node = SHA256.hash([1] + left.bytes + right.bytes)
        let leaf = [UInt8]("leaf".utf8).withUnsafeBytes { SHA256.hash(prefix: 0, $0) }
        #expect(SHA256.hash(prefix: 1, left, right) == node)
        #expect(leaf == SHA256.hash([0] + "leaf".utf8))
    }
}

struct EncodingTests {
    @Test func base64IsReadBack() {
        let messages = (0...100).map { length in (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 151) } }
        let standard = messages.filter { Base64.decode(Base64.encode($0)) != $0 }
        let url = messages.filter { Base64.decodeURL(Base64.encodeURL($0)) != $0 }
        #expect(standard.isEmpty)
        #expect(url.isEmpty)
        #expect(Base64.encode([0xFB, 0xFF]) == "+/8=")
        #expect(Base64.encodeURL([0xFB, 0xFF]) == "-_8")
    }

    @Test(arguments: [
        "A", "AA", "AAA", "AA=", "AAA==", "AB==", "AAB=", "AAAA=", "AAAA====", " AAAA", "AAAA\n", "AA AA",
        "-_8=",
        "=", "====", "AA==AA==", "AAé=", "AAé", "AA\u{A0}", "é\u{A0}", "AA\u{0}A",
    ])
    func looseBase64IsRefused(text: String) { #expect(Base64.decode(text) == nil) }

    @Test(arguments: ["A", "AB", "AA==", "AAB", "+/8", "AA\n", "AAAA=", " AA", "AAé", "AA\u{A0}", "é\u{A0}"])
    func looseURLBase64IsRefused(text: String) { #expect(Base64.decodeURL(text) == nil) }

    @Test func acceptedBase64HasOneSpelling() {
        // Every text of four characters over a small alphabet that holds valid and invalid ones.
        let alphabet = Array("ABQg/+=-_ ")
        var loose: [String] = []
        for a in alphabet {
            for b in alphabet {
                for c in alphabet {
                    for d in alphabet {
                        let text = String([a, b, c, d])
                        if let bytes = Base64.decode(text), Base64.encode(bytes) != text {
                            loose.append(text)
                        }
                        if let bytes = Base64.decodeURL(text), Base64.encodeURL(bytes) != text {
                            loose.append(text)
                        }
                    }
                }
            }
        }
        #expect(loose.isEmpty)
    }

    @Test(arguments: ["0", "0g", "AA", "aA", " 00", "00 ", "0x00", "é0"])
    func looseHexIsRefused(text: String) { #expect(Hex.decode(text) == nil) }

    @Test func hexIsReadBack() {
        let all = [UInt8](0...255)
        #expect(Hex.decode(Hex.encode(all)) == all)
        #expect(Hex.encode([]).isEmpty)
        #expect(Hex.encode([0x0F, 0xA0]) == "0fa0")
    }
}
