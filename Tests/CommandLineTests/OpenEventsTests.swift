import CommandLineTools
import Cryptography
import LedgerProtocol
import Model
import Testing

@Suite struct OpenEventsTests {
    private let genesis: Genesis
    private let disclosure: EventDisclosure
    private let receipt: [UInt8]

    init() throws {
        genesis = try Genesis(parsing: PinnedFiles.bytes("genesis.json"))
        disclosure = try EventDisclosure(parsing: PinnedFiles.bytes("event.json"))
        receipt = try PinnedFiles.bytes("receipt.txt")
    }

    @Test func aRecordIsOpenedAndItsReceiptChecked() throws {
        let unsealer = Unsealer(SealingKey.generate())
        let value = try SubscriberRecord(disclosure: disclosure, receipt: receipt)
            .sealed(to: unsealer.publicKey)
        let opener = EventOpener(history: NetworkHistory(genesis), unsealer: unsealer)
        let event = try opener.open(value)
        #expect(event.disclosure == disclosure)
        #expect(event.verified?.index == 3)
        #expect(event.sentence.contains("receipt valid"))
        let json = try JSONValue(parsing: [UInt8](event.json.utf8))
        #expect(json["event"]?["type"]?.string == "consent.granted.v1")
        let text = JSONValue.string(String(decoding: value, as: UTF8.self))
        let envelope: JSONValue = ["topic": "access.events.demo", "partition": 0, "payload": text]
        #expect(try opener.open(envelope.encoded()).disclosure == disclosure)
        let stranger = EventOpener(
            history: NetworkHistory(genesis), unsealer: Unsealer(SealingKey.generate()))
        #expect(throws: SealedEnvelopeFault.notARecipient) { try stranger.open(value) }
    }

    @Test func anEventWithAnotherReceiptIsRefused() throws {
        let unsealer = Unsealer(SealingKey.generate())
        var changed = receipt
        changed[changed.count / 2] ^= 1
        let value = try SubscriberRecord(disclosure: disclosure, receipt: changed).sealed(
            to: unsealer.publicKey)
        #expect(throws: VerificationFailure.self) {
            try EventOpener(history: NetworkHistory(genesis), unsealer: unsealer).open(value)
        }
    }

    @Test func aServiceOpensRecordsOfDomainTopics() throws {
        let unsealer = Unsealer(SealingKey.generate())
        let opener = EventOpener(history: NetworkHistory(genesis), unsealer: unsealer)
        let entry = disclosure.entry.encoded
        let sealed = SealedEnvelope.seal(disclosure.bytes, to: [unsealer.publicKey], associatedData: entry)
        let text = String(decoding: receipt, as: UTF8.self)
        for proof in [JSONValue.string(text), .null] {
            let value: JSONValue = [
                "entry": .string(Base64.encode(entry)), "receipt": proof, "sealed": sealed.json,
            ]
            let event = try opener.open(value.encoded())
            #expect(event.disclosure == disclosure)
            #expect((event.verified != nil) == (proof != .null))
        }
    }

    @Test func theCommandExitsWithOneWhenALineFails() async throws {
        let unsealerFile = KeyFile(kind: .x25519, secret: SecretBytes(byteCount: 32))
        let key = try unsealerFile.sealingKey().publicKey
        let keyBytes = unsealerFile.encoded()
        let value = try SubscriberRecord(disclosure: disclosure, receipt: receipt).sealed(to: key)
        let newline = [UInt8(ascii: "\n")]
        try await withTemporaryFolder { folder in
            try writeFile(keyBytes, folder + "/sealing.key")
            try writeFile(value + newline + newline + value + newline, folder + "/good")
            try writeFile(value + newline + [UInt8]("{}\n".utf8), folder + "/bad")
            func run(_ file: String) async -> Int32 {
                await ConsentryProgram.run([
                    "events", "open", folder + file, "--key", folder + "/sealing.key", "--genesis",
                    PinnedFiles.path("genesis.json"),
                ])
            }
            #expect(await run("/good") == 0)
            #expect(await run("/bad") == 1)
            #expect(await run("/none") == 1)
        }
    }
}
