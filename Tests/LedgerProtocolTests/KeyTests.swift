import Cryptography
import LedgerFixtures
import LedgerProtocol
import Model
import Testing

@Suite struct KeyFileTests {
    private let line = "consentry-key-v1 ed25519 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

    @Test func aKeyFileGivesItsBytesAgain() throws {
        let file = try KeyFile(parsing: [UInt8](line.utf8))
        #expect(file.encoded() == [UInt8](line.utf8))
        let key = try file.signingKey()
        #expect(
            key.publicKey.description == "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8")
    }

    @Test func everyKindGivesItsKeyAndNoOther() throws {
        for kind in KeyFile.Kind.allCases {
            let text = line.replacing("ed25519", with: kind.rawValue)
            let isSigning = (try? KeyFile(parsing: [UInt8](text.utf8)).signingKey().publicKey) != nil
            let isSealing = (try? KeyFile(parsing: [UInt8](text.utf8)).sealingKey().publicKey) != nil
            let isSymmetric = (try? KeyFile(parsing: [UInt8](text.utf8)).symmetricKey()) != nil
            #expect([isSigning, isSealing, isSymmetric] == KeyFile.Kind.allCases.map { $0 == kind })
        }
    }

    @Test(arguments: [
        "", "\n", "consentry-key-v1 ed25519 AAEC\n",
        "consentry-key-v2 ed25519 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "consentry-key-v1 rsa AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "consentry-key-v1 ed25519 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "consentry-key-v1 ed25519 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n",
        "consentry-key-v1  ed25519 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "consentry-key-v1 ed25519 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=\n",
        "consentry-key-v1 ed25519 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= \n",
    ])
    func anotherSpellingIsRefused(text: String) {
        let fault: KeyFileFault?
        do throws(KeyFileFault) {
            _ = try KeyFile(parsing: [UInt8](text.utf8)).kind
            fault = nil
        } catch { fault = error }
        #expect(fault != nil)
        #expect(fault?.description.contains("AAEC") == false)
    }
}

@Suite struct SealedEnvelopeTests {
    private let one = TestNetwork.unsealer("one")
    private let two = TestNetwork.unsealer("two")
    private let data = Examples.event.entry.encoded
    private let text = [UInt8]("a sealed event".utf8)

    @Test func eachRecipientOpensIt() throws {
        let envelope = SealedEnvelope.seal(
            text, to: [one.publicKey, two.publicKey, one.publicKey], associatedData: data)
        #expect(envelope.recipients.count == 2)
        let parsed = try SealedEnvelope(parsing: envelope.bytes)
        #expect(parsed == envelope)
        #expect(try parsed.json.canonicalBytes() == envelope.bytes)
        #expect(try parsed.open(with: one, associatedData: data) == text)
        #expect(try parsed.open(with: two, associatedData: data) == text)
        #expect(parsed.isSealed(to: one.publicKey))
    }

    /// Pinned once: the format of envelopes is final.
    @Test func thePinnedEnvelopeOpens() throws {
        let envelope = try SealedEnvelope(parsing: Vectors.file("envelope.json"))
        #expect(try envelope.open(with: one, associatedData: data) == text)
        #expect(try envelope.open(with: two, associatedData: data) == text)
    }

    @Test func othersAndOtherDataAreRefused() throws {
        let envelope = SealedEnvelope.seal(text, to: [one.publicKey], associatedData: data)
        #expect(throws: SealedEnvelopeFault.notARecipient) {
            try envelope.open(with: two, associatedData: data)
        }
        #expect(throws: SealedEnvelopeFault.refused) {
            try envelope.open(with: one, associatedData: data + [0])
        }
    }

    /// Another recipient's part may change unnoticed by the first, nothing else may.
    @Test func everyFlippedBitIsRefused() throws {
        let envelope = SealedEnvelope.seal(text, to: [one.publicKey], associatedData: data)
        let bytes = envelope.bytes
        let accepted = (0..<bytes.count * 8).filter { bit in
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let envelope = try? SealedEnvelope(parsing: changed) else { return false }
            return (try? envelope.open(with: one, associatedData: data)) != nil
        }
        #expect(accepted == [])
    }
}

@Suite struct EventDisclosureTests {
    private let event = Examples.event

    @Test func aDisclosureGivesItsBytesAgain() throws {
        let parsed = try EventDisclosure(parsing: event.bytes)
        #expect(parsed == event)
        #expect(parsed.payloadBytes == (try event.payload.canonicalBytes()))
        let service = try parsed.verify(NetworkHistory(Examples.network.genesis))
        #expect(service.service == .consent)
    }

    @Test(arguments: [
        ("\"entry\"", " \"entry\"", VerificationFailure.Code.notCanonical),
        ("{\"entry\":", "{\"Entry\":", .malformed),
        ("\"payload\":{", "\"payload\":{\"more\":1,", .malformed),
        ("\"number\":2", "\"number\":2.0", .notCanonical),
        (".500Z", ".500000Z", .malformed),
        ("\"data\":{\"number\":2", "\"data\":{\"number\":3", .wrongCommitment),
        ("consent.granted.v1", "consent.revoked.v1", .wrongCommitment),
    ])
    func anotherSpellingOrContentIsRefused(
        part: String, replacement: String, code: VerificationFailure.Code
    ) throws {
        let text = String(decoding: event.bytes, as: UTF8.self)
        let range = try #require(text.firstRange(of: part))
        let changed = text[..<range.lowerBound] + replacement + text[range.upperBound...]
        #expect {
            try EventDisclosure(parsing: [UInt8](changed.utf8)).verify(
                NetworkHistory(Examples.network.genesis))
        } throws: { error in
            (error as? VerificationFailure)?.part == .event && (error as? VerificationFailure)?.code == code
        }
    }

    @Test func thePayloadMustBeOfTheEntry() throws {
        let other = try Examples.network.disclosure(77)
        let mixed = try EventDisclosure(entry: event.entry, opening: event.opening, payload: other.payload)
        #expect { try mixed.verify(NetworkHistory(Examples.network.genesis)) } throws: {
            ($0 as? VerificationFailure)?.code == .wrongEntry
        }
    }
}
