import Cryptography
import Testing
import TransparencyLog

private let line = "\u{2014} log.example AAAAAQI=\n"
private let root = Base64.encode([UInt8](repeating: 7, count: 32))

struct NoteTests {
    @Test(arguments: [
        "text\n\n\(line)", "\n\n\(line)", "a\n\nb\n\n\(line)", "text\n\n\(line)\(line)",
        "è \u{301} sera\n\n\u{2014} è/ü AAAAAQI=\n", "— not a signature\n\n\(line)",
    ])
    func wellFormedNotesReadBack(text: String) throws {
        let note = try SignedNote(parsing: text)
        let written = [UInt8](note.encoded().utf8)
        #expect(written == [UInt8](text.utf8))
    }

    @Test(arguments: [
        "", "\n", "\n\n", "text", "text\n", "text\n\n", "text\n\(line)", "text\n\n\(line)\n",
        "text\n\n\(line.dropLast())",
        "text\r\n\n\(line)", "te\txt\n\n\(line)", "te\u{0}xt\n\n\(line)", "text\n\n- log.example AAAAAQI=\n",
        "text\n\n\u{2014}log.example AAAAAQI=\n", "text\n\n\u{2014} AAAAAQI=\n",
        "text\n\n\u{2014}  AAAAAQI=\n",
        "text\n\n\u{2014} log.example\n", "text\n\n\u{2014} log.example \n",
        "text\n\n\u{2014} lo+g AAAAAQI=\n",
        "text\n\n\u{2014} lo g AAAAAQI=\n", "text\n\n\u{2014} lo\u{A0}g AAAAAQI=\n",
        "text\n\n\u{2014} lo\u{2003}g AAAAAQI=\n", "text\n\n\u{2014} log.example AAAA\n",
        "text\n\n\u{2014} log.example AAAAAQI\n", "text\n\n\u{2014} log.example AAAAAQJ=\n",
        "text\n\n\u{2014} log.example AAAAAQI= \n", "text\n\n\u{2014} log.example\u{85}x AAAAAQI=\n",
    ])
    func malformedNotesAreRefused(text: String) {
        #expect(throws: NoteError.self) { try SignedNote(parsing: text) }
    }

    @Test func limitsHold() throws {
        let most = "text\n\n" + String(repeating: line, count: SignedNote.signatureCountMax)
        let long = String(repeating: "a", count: SignedNote.byteCountMax - 2 - line.utf8.count)
        let kept = try SignedNote(parsing: most).signatures.count
        #expect(kept == SignedNote.signatureCountMax)
        #expect(throws: NoteError.self) { try SignedNote(parsing: most + line) }
        #expect(throws: Never.self) { try SignedNote(parsing: long + "\n\n" + line) }
        #expect(throws: NoteError.self) { try SignedNote(parsing: long + "a\n\n" + line) }
        #expect(throws: NoteError.self) { try SignedNote(parsing: [0xFF] + [UInt8]("\n\n\(line)".utf8)) }
    }

    @Test(arguments: [
        "", "o\n", "o\n1\n", "o\n1\n\(root)", "\n1\n\(root)\n", "o\n\n\(root)\n", "o\n01\n\(root)\n",
        "o\n+1\n\(root)\n",
        "o\n-1\n\(root)\n", "o\n 1\n\(root)\n", "o\n1 \n\(root)\n", "o\n0x1\n\(root)\n",
        "o\n\u{661}\n\(root)\n",
        "o\n18446744073709551616\n\(root)\n", "o\n1\n\(root.dropLast())\n", "o\n1\n\(root) \n",
        "o\n1\nAAAA\n",
        "o\n1\n\(root)\next\n", "o\n1\n\(root)\n\n", "o\r\n1\n\(root)\n", "o\u{0}\n1\n\(root)\n",
    ])
    func malformedCheckpointsAreRefused(text: String) {
        #expect(throws: NoteError.self) { try Checkpoint(parsing: text) }
    }

    @Test(arguments: ["o\n0\n\(root)\n", "o p+q\n18446744073709551615\n\(root)\n", "è\n10\n\(root)\n"])
    func wellFormedCheckpointsReadBack(text: String) throws {
        let checkpoint = try Checkpoint(parsing: text)
        #expect([UInt8](checkpoint.text.utf8) == [UInt8](text.utf8))
    }

    @Test func extensionLinesArePassedOverOnlyOnDemand() throws {
        let text = "o\n1\n\(root)\nextension\n"
        let checkpoint = try Checkpoint(parsing: text, extensionLines: .ignored)
        #expect(checkpoint.size == 1)
        #expect(throws: NoteError.self) { try Checkpoint(parsing: text + "\n", extensionLines: .ignored) }
    }

    @Test func originsAreComparedByteForByte() throws {
        let composed = try Checkpoint(parsing: "\u{E8}\n1\n\(root)\n")
        let decomposed = try Checkpoint(parsing: "e\u{300}\n1\n\(root)\n")
        #expect(composed != decomposed)
    }
}

struct VerifierKeyTests {
    let signer = Signer(SigningKey.generate())

    @Test func signaturesOfBothKindsVerify() throws {
        let text = "text\n"
        let log = NoteVerifierKey(name: "a", kind: .log, key: signer.publicKey)
        let cosigner = NoteVerifierKey(name: "a", kind: .cosignature, key: signer.publicKey)
        let signatures = [
            NoteSignature(signing: text, name: "a", with: signer),
            NoteSignature(cosigning: text, name: "a", time: 1_700_000_000, with: signer),
        ]
        let note = try SignedNote(parsing: SignedNote(text: text, signatures: signatures).encoded())
        let accepted = try [log, cosigner].map { try note.isSigned(by: $0) }
        let cosignature = try #require(Cosignature(noteBytes: note.signatures[1].bytes))
        #expect(accepted == [true, true])
        #expect(log.id != cosigner.id)
        #expect(cosignature.time == 1_700_000_000)
        #expect(cosignature.noteBytes == note.signatures[1].bytes)
        #expect(try NoteVerifierKey(vkey: log.vkey) == log)
        #expect(try NoteVerifierKey(vkey: cosigner.vkey) == cosigner)
        #expect(!log.verifies(note.signatures[0], text: "other\n"))
        #expect(!cosigner.verifies(note.signatures[1], text: "other\n"))
    }

    @Test func theCosignedMessageIsThatOfTheText() {
        let message = Cosignature.message(checkpointText: "o\n1\nroot\n", time: 1_679_315_147)
        #expect(message == [UInt8]("cosignature/v1\ntime 1679315147\no\n1\nroot\n".utf8))
    }

    @Test func changedCosignaturesDoNotVerify() {
        let cosignature = Cosignature(signing: "text\n", time: 5, with: signer)
        let bytes = cosignature.noteBytes
        let accepted = (0..<bytes.count * 8).filter { bit in
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            return Cosignature(noteBytes: changed)?.verify(checkpointText: "text\n", key: signer.publicKey)
                == true
        }
        #expect(cosignature.verify(checkpointText: "text\n", key: signer.publicKey))
        #expect(accepted.isEmpty)
        #expect(Cosignature(noteBytes: bytes + [0]) == nil)
        #expect(Cosignature(noteBytes: [0x80] + bytes.dropFirst()) == nil)
    }

    @Test func malformedKeysAreRefused() throws {
        let good = NoteVerifierKey(name: "a", kind: .log, key: signer.publicKey).vkey
        let parts = good.split(separator: "+", maxSplits: 2).map(String.init)
        let key = signer.publicKey.bytes
        let small = [UInt8](repeating: 0, count: 32)
        let texts = [
            "", "a", "a+", "a++", "+\(parts[1])+\(parts[2])", "a b+\(parts[1])+\(parts[2])",
            "b+\(parts[1])+\(parts[2])", "a+\(parts[1].dropLast())+\(parts[2])", "a+00000000+\(parts[2])",
            "a+\(parts[1])+\(parts[2]) ", "a+\(parts[1])+\(parts[2])=", "a+\(parts[1])0+\(parts[2])",
            "a+\(parts[1])+" + Base64.encode([2] + key), "a+\(parts[1])+" + Base64.encode(key),
            "a+\(parts[1])+" + Base64.encode([1] + small), "a+\(parts[1])+" + Base64.encode([1] + key + [0]),
        ]
        let accepted = texts.filter { (try? NoteVerifierKey(vkey: $0)) != nil }
        #expect(try NoteVerifierKey(vkey: good).vkey == good)
        #expect(accepted.isEmpty)
    }
}
