import Cryptography
import Testing
import TransparencyLog

@Suite struct PolicyTests {
    private let origin = "log.example/a"
    private let log = Signer(SigningKey.generate())
    private let signers = (0..<6).map { _ in Signer(SigningKey.generate()) }

    private var logKey: String { NoteVerifierKey(name: origin, kind: .log, key: log.publicKey).vkey }

    private func key(_ place: Int) -> NoteVerifierKey {
        NoteVerifierKey(name: "w\(place).example", kind: .cosignature, key: signers[place].publicKey)
    }

    private var lines: String {
        "log \(logKey) https://log.example\n"
            + (0..<6).map { "witness X\($0) \(key($0).vkey)\n" }.joined()
    }

    /// The text's own example: two of three, and one of three, both.
    private var nested: String {
        lines + "group X 2 X0 X1 X2\ngroup Y any X3 X4 X5\ngroup both all X Y\nquorum both\n"
    }

    private func note(by places: [Int], logSigns: Bool = true) -> SignedNote {
        let text = Checkpoint(origin: origin, size: 7, root: .zero).text
        var signatures = logSigns ? [NoteSignature(signing: text, name: origin, with: log)] : []
        for place in places {
            signatures.append(
                NoteSignature(cosigning: text, name: "w\(place).example", time: 5, with: signers[place]))
        }
        if signatures.isEmpty {
            let stranger = Signer(SigningKey.generate())
            signatures = [NoteSignature(signing: text, name: "stranger", with: stranger)]
        }
        return SignedNote(text: text, signatures: signatures)
    }

    private func policy(_ text: String) throws -> TlogPolicy { try TlogPolicy(parsing: [UInt8](text.utf8)) }

    @Test(arguments: [
        ([0, 1, 3], true), ([1, 2, 5], true), ([0, 1, 2, 3, 4, 5], true), ([0, 1], false),
        ([0, 3, 4], false),
        ([3, 4, 5], false), ([], false),
    ])
    func nestedGroupsCountTheirMembers(places: [Int], isTrusted: Bool) throws {
        let policy = try policy(nested)
        #expect(((try? policy.verify(note(by: places))) != nil) == isTrusted)
        #expect(throws: NoteError.self) { try policy.verify(note(by: places, logSigns: false)) }
    }

    @Test func aPolicyReadsBack() throws {
        let first = try policy(nested)
        let again = try policy(first.text)
        #expect(again == first)
        #expect(again.logs[0].url == "https://log.example")
        #expect(again.groups.map(\.threshold) == [2, 1, 2])
    }

    @Test func whitespaceCommentsAndNoQuorumAreAllowed() throws {
        let policy = try policy("\n  # a comment\n\tlog\t \(logKey)\n\n quorum  none \n")
        _ = try policy.verify(note(by: []))
        #expect(policy.witnesses.isEmpty)
    }

    @Test func aForgedSignatureOfAListedWitnessRefusesTheNote() throws {
        var note = note(by: [0, 1, 3, 4])
        var bytes = note.signatures[4].bytes
        bytes[20] ^= 1
        note.signatures[4] = NoteSignature(name: "w4.example", keyHash: key(4).id, bytes: bytes)
        let policy = try policy(nested)
        #expect(throws: NoteError.invalidSignature(name: "w4.example")) { try policy.verify(note) }
    }

    @Test func brokenPoliciesAreRefused() throws {
        let texts = [
            lines, lines + "quorum X9\n", lines + "quorum X0\nquorum X1\n", lines + "quorum X0",
            lines + "group none any X0\nquorum X0\n", lines + "group X0 any X1\nquorum X0\n",
            lines + "group G 0 X0\nquorum G\n", lines + "group G 2 X0\nquorum G\n",
            lines + "group G 02 X0 X1\nquorum G\n", lines + "group G any\nquorum G\n",
            lines + "group G any X0 X0\nquorum G\n", lines + "group G any H\ngroup H any X0\nquorum G\n",
            lines + "group G any X0\ngroup H any X0\nquorum G\n", lines + "group G any none\nquorum G\n",
            lines + "log \(logKey)\nquorum X0\n", lines + "witness Z \(key(0).vkey)\nquorum X0\n",
            lines + "witness Z \(logKey)\nquorum X0\n", "log \(key(0).vkey)\nquorum none\n",
            lines + "quorum X0 X1\n", lines + "nonsense\nquorum X0\n", lines + "quorum X0\r\n",
            // Kelvin's sign is another name than the letter.
            "log \(logKey)\nwitness \u{212A} \(key(0).vkey)\nquorum K\n",
        ]
        let accepted = texts.filter { (try? policy($0)) != nil }
        #expect(accepted.isEmpty)
        let part = try TlogPolicy(parsing: [UInt8](lines.utf8), isPart: true)
        #expect(part.quorum == nil)
        #expect(throws: NoteError.self) { try part.verify(note(by: [0])) }
    }
}
