import Cryptography
import Foundation
import LedgerFixtures
import LedgerProtocol
import Model
import Testing
import TransparencyLog

/// Holds this implementation against the verifier in Python, which was written from the specifications
/// alone.
@Suite(.enabled(if: PythonVerifier.isPresent, "python3 with the package cryptography is not installed"))
struct ConformanceTests {
    private let genesis = Examples.network.genesis.bytes
    private let event = Examples.event.bytes
    private let receipt = Examples.receipt

    @Test func bothAcceptAReceipt() throws {
        let answer = try PythonVerifier.run(receipt: receipt, event: event, genesis: genesis)
        #expect(answer.exitCode == 0)
        #expect(answer.text.hasPrefix("receipt is valid: event \(Examples.event.payload.id) "))
    }

    @Test(arguments: [1, 7])
    func bothAcceptReceiptsOfOtherNetworks(validatorCount: Int) throws {
        let network = try TestNetwork(validatorCount: validatorCount, network: "other-\(validatorCount)")
        var chain = TestChain(network)
        let events = try (0..<9).map { try network.disclosure($0, by: .records) }
        let submission = try network.submission(by: .records, sequence: 0, events: events)
        try chain.append([])
        try chain.append([submission])
        var client = LightClient(genesis: network.genesis)
        let record = try chain.record(of: network.signer(of: .records).keyID)
        let receipts = try client.accept(record, submissions: [submission])
        for place in [0, 4, 8] {
            let answer = try PythonVerifier.run(
                receipt: [UInt8](receipts[place].proof.encoded().utf8), event: events[place].bytes,
                genesis: network.genesis.bytes)
            #expect(answer.exitCode == 0, "\(answer.text)")
        }
    }

    /// One bit in each file, at places spread over it.
    @Test(arguments: ["receipt", "event", "genesis"], 0..<4)
    func bothRefuseAFlippedBit(part: String, place: Int) throws {
        var files = ["receipt": receipt, "event": event, "genesis": genesis]
        let count = try #require(files[part]).count
        files[part]?[(count - 1) * place / 3] ^= 1 << UInt8(place)
        let answer = try PythonVerifier.run(
            receipt: files["receipt"] ?? [], event: files["event"] ?? [], genesis: files["genesis"] ?? [])
        #expect(answer.exitCode == 1)
        #expect(throws: VerificationFailure.self) {
            try ReceiptVerifier.verify(
                receipt: files["receipt"] ?? [], disclosure: files["event"] ?? [],
                genesisFile: files["genesis"] ?? [])
        }
    }

    @Test(arguments: [
        "two cosignatures", "a cosignature twice", "a stranger", "extra data", "another index",
        "no log signature",
    ])
    func bothJudgeAChangedNoteAlike(change: String) throws {
        let proof = try TlogProof(parsing: receipt)
        var note = proof.checkpoint
        switch change {
        case "two cosignatures": note.signatures.removeLast()
        case "a cosignature twice": note.signatures.append(note.signatures[1])
        case "a stranger":
            let signer = TestNetwork.signer("stranger")
            note.signatures.append(
                NoteSignature(cosigning: note.text, name: "stranger", time: 1, with: signer))
        case "no log signature": note.signatures.removeFirst()
        default: break
        }
        let changed = TlogProof(
            extra: change == "extra data" ? [1] : nil,
            index: proof.index + (change == "another index" ? 1 : 0), hashes: proof.hashes, checkpoint: note)
        let bytes = [UInt8](changed.encoded().utf8)
        let isAccepted =
            (try? ReceiptVerifier.verify(receipt: bytes, disclosure: event, genesisFile: genesis)) != nil
        let answer = try PythonVerifier.run(receipt: bytes, event: event, genesis: genesis)
        #expect(answer.exitCode == (isAccepted ? 0 : 1))
        #expect(isAccepted == (change == "no log signature"))
    }
}

/// Runs `Tests/Conformance/verify_receipt.py` on files that are gone afterwards.
enum PythonVerifier {
    private static let interpreter = "/usr/bin/python3"

    static let isPresent: Bool = {
        guard FileManager.default.isExecutableFile(atPath: interpreter) else { return false }
        return (try? run(["-c", "import cryptography"]))?.exitCode == 0
    }()

    static func run(
        receipt: [UInt8], event: [UInt8], genesis: [UInt8]
    ) throws -> (exitCode: Int32, text: String) {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var arguments = ["-B", script]
        for (name, bytes) in [("receipt", receipt), ("event", event), ("genesis", genesis)] {
            let file = folder.appending(path: name)
            try Data(bytes).write(to: file)
            arguments += ["--\(name)", file.path]
        }
        return try run(arguments)
    }

    private static let script = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "Conformance/verify_receipt.py").path

    private static func run(_ arguments: [String]) throws -> (exitCode: Int32, text: String) {
        let process = Process()
        process.executableURL = URL(filePath: interpreter)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}
