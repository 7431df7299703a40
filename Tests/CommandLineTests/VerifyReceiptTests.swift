import CommandLineTools
import LedgerProtocol
import Testing

@Suite struct VerifyReceiptTests {
    private func arguments(receipt: String? = nil, event: String? = nil, genesis: String? = nil) -> [String] {
        [
            "verify", "receipt", "--receipt", receipt ?? PinnedFiles.path("receipt.txt"), "--event",
            event ?? PinnedFiles.path("event.json"), "--genesis", genesis ?? PinnedFiles.path("genesis.json"),
        ]
    }

    @Test func aValidReceiptExitsWithZero() async throws {
        #expect(await ConsentryProgram.run(arguments()) == 0)
        #expect(await ConsentryProgram.run(arguments() + ["--json"]) == 0)
    }

    @Test(arguments: ["receipt.txt", "event.json", "genesis.json"])
    func aFlippedBitExitsWithOne(name: String) async throws {
        var bytes = try PinnedFiles.bytes(name)
        bytes[bytes.count / 2] ^= 1
        let changed = bytes
        try await withTemporaryFolder { folder in
            let path = "\(folder)/\(name)"
            try writeFile(changed, path)
            let arguments = arguments(
                receipt: name == "receipt.txt" ? path : nil, event: name == "event.json" ? path : nil,
                genesis: name == "genesis.json" ? path : nil)
            #expect(await ConsentryProgram.run(arguments) == 1)
        }
    }

    @Test func anUnreadableFileAndWrongUsageAreNoVerdict() async {
        #expect(await ConsentryProgram.run(arguments(receipt: "/nowhere/receipt.txt")) == 2)
        #expect(await ConsentryProgram.run(Array(arguments().dropLast(2))) == 64)
        #expect(await ConsentryProgram.run(["verify", "nothing"]) == 64)
        #expect(await ConsentryProgram.run(["--help"]) == 0)
    }

    @Test func theSentenceSaysWhatWasShownOrWhatFailed() throws {
        let receipt = try PinnedFiles.bytes("receipt.txt")
        let event = try PinnedFiles.bytes("event.json")
        let genesis = try PinnedFiles.bytes("genesis.json")
        let valid = ReceiptVerdict(receipt: receipt, event: event, genesis: genesis)
        #expect(valid.sentence.hasPrefix("receipt is valid: event "))
        #expect(valid.json.contains("\"index\":3"))
        let noReceipt = ReceiptVerdict(receipt: [], event: event, genesis: genesis)
        #expect(noReceipt.sentence.hasPrefix("receipt is not valid: "))
        let noEvent = ReceiptVerdict(receipt: receipt, event: [], genesis: genesis)
        #expect(noEvent.sentence.hasPrefix("event is not valid: "))
        let noGenesis = ReceiptVerdict(receipt: receipt, event: event, genesis: [])
        #expect(noGenesis.sentence.hasPrefix("genesis is not valid: "))
        #expect(noGenesis.json.hasSuffix("\"valid\":false}"))
    }
}
