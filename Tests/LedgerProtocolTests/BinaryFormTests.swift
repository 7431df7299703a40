import Cryptography
import Foundation
import LedgerFixtures
import LedgerProtocol
import Model
import Testing
import TransparencyLog

@Suite struct BinaryFormTests {
    @Test(arguments: Examples.forms)
    func decodingGivesTheBytesAgain(example: FormExample) throws {
        let again = try example.again(example.bytes)
        #expect(again == example.bytes)
    }

    @Test(arguments: Examples.forms)
    func everyTruncationIsRefused(example: FormExample) {
        let accepted = example.bytes.indices.filter {
            (try? example.again(Array(example.bytes[..<$0]))) != nil
        }
        #expect(accepted == [])
    }

    @Test(arguments: Examples.forms)
    func everyExtensionByOneByteIsRefused(example: FormExample) {
        let accepted = (UInt8.min...UInt8.max).filter { (try? example.again(example.bytes + [$0])) != nil }
        #expect(accepted == [])
    }

    /// A flipped bit is refused or kept; it never decodes to a value whose bytes are others.
    @Test(arguments: Examples.forms)
    func noFlippedBitIsRepaired(example: FormExample) {
        var repaired: [Int] = []
        for bit in 0..<example.bytes.count * 8 {
            var bytes = example.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            if let again = try? example.again(bytes), again != bytes { repaired.append(bit) }
        }
        #expect(repaired == [])
    }

    /// Another magic is another form, whatever follows.
    @Test(arguments: Examples.forms)
    func everyChangeOfTheMagicIsRefused(example: FormExample) {
        let accepted = (0..<32).filter { bit in
            var bytes = example.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            return (try? example.again(bytes)) != nil
        }
        #expect(accepted == [])
    }

    /// A height has a successor and fits a column of the database, so no arithmetic on one can trap.
    @Test(arguments: [UInt64.max, 1 << 63, 0])
    func heightsBeyondTheirRangeAreRefused(value: UInt64) throws {
        let status = try #require(Examples.forms.first { $0.name == "height-status" })
        let place = status.bytes.count - Signature.byteCount - 8
        let bytes =
            status.bytes[..<place] + withUnsafeBytes(of: value.bigEndian) { [UInt8]($0) }
            + status.bytes.suffix(Signature.byteCount)
        #expect(throws: DecodingFault.self) { try HeightStatus(decoding: Array(bytes)) }
    }

    @Test func messagesAreToldApartByTheirMagic() throws {
        let ledger = Examples.forms.filter {
            !["entry", "block-entry", "receipt-record", "submission-refusal"].contains($0.name)
        }
        for example in ledger {
            let again = try LedgerMessage(decoding: example.bytes).encoded
            #expect(again == example.bytes)
        }
        for example in Examples.forms.suffix(2) {
            let again = try ReceiptMessage(decoding: example.bytes).encoded
            #expect(again == example.bytes)
        }
        #expect(throws: DecodingFault(.wrongMagic, form: "ledger message", byteOffset: 0)) {
            try LedgerMessage(decoding: Examples.event.entry.encoded)
        }
        let tooLong = [UInt8]("CSS1".utf8) + [UInt8](repeating: 0, count: 900_000)
        #expect(throws: DecodingFault(.countOutOfRange, form: "ledger message", byteOffset: 900_004)) {
            try LedgerMessage(decoding: tooLong)
        }
    }

    @Test func fixedFormsHaveTheirSize() {
        let counts = Dictionary(uniqueKeysWithValues: Examples.forms.map { ($0.name, $0.bytes.count) })
        #expect(counts["entry"] == 94)
        #expect(counts["block-entry"] == 116)
        #expect(counts["vote-nil"] == 147)
    }
}

/// The forms are final: these bytes were pinned once, and a change of any of them is a change of the
/// protocol.
@Suite struct VectorTests {
    @Test(arguments: Examples.forms)
    func formHasThePinnedBytes(example: FormExample) throws {
        let pinned = try #require(Vectors.lines["\(example.name)"])
        #expect(Hex.encode(example.bytes) == pinned)
    }

    @Test func filesHaveThePinnedBytes() throws {
        #expect(try Vectors.file("genesis.json") == Examples.network.genesis.bytes)
        #expect(try Vectors.file("receipt.txt") == Examples.receipt)
        #expect(try Vectors.file("event.json") == Examples.event.bytes)
    }

    /// A whole ledger as a folder, which the verifier in Python reads.
    @Test func ledgerHasThePinnedBytes() throws {
        for block in Examples.ledger.blocks {
            try Vectors.pin("ledger/blocks/\(block.height)", block.encoded)
        }
        try Vectors.pin("ledger/checkpoint", [UInt8](try Examples.ledger.note().encoded().utf8))
    }

    /// A ledger whose validators change, and the proof of the change.
    @Test func changedLedgerHasThePinnedBytes() throws {
        for block in Examples.changedLedger.chain.blocks {
            try Vectors.pin("changed-ledger/blocks/\(block.height)", block.encoded)
        }
        try Vectors.pin("changed-ledger/checkpoint", [UInt8](Examples.changedNote.encoded().utf8))
        try Vectors.pin("changed-ledger/changes.json", Examples.changedLedger.changes.json.encoded())
    }

    @Test func digestsHaveThePinnedValues() throws {
        let genesis = Examples.network.genesis
        let digests = [
            "network-id": genesis.networkID, "validator-set": genesis.initial.validatorSetHash,
            "opening": Examples.event.opening, "leaf-hash": Examples.event.entry.leafHash,
            "submission-hash": Examples.chain.blocks[1].submissions[0].hash,
            "block-hash": Examples.chain.blocks[1].blockHash,
        ]
        for (name, digest) in digests { #expect(Vectors.lines[name] == digest.hex) }
    }
}

/// The files beside these tests.
enum Vectors {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors")

    static func file(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: name)))
    }

    /// Holds bytes against a pinned file; with `CONSENTRY_WRITE_VECTORS=1` writes the file instead and fails.
    static func pin(_ name: String, _ bytes: [UInt8]) throws {
        if ProcessInfo.processInfo.environment["CONSENTRY_WRITE_VECTORS"] == "1" {
            let url = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: url)
            Issue.record("`\(name)` was written; run again without CONSENTRY_WRITE_VECTORS")
        }
        #expect(try file(name) == bytes, "`\(name)` has other bytes")
    }

    /// The lines `name hexadecimal` of `forms.txt`.
    static let lines: [String: String] = {
        let text = (try? file("forms.txt")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let pairs = text.split(separator: "\n").map { $0.split(separator: " ") }.filter { $0.count == 2 }
        return Dictionary(pairs.map { (String($0[0]), String($0[1])) }) { first, _ in first }
    }()
}
