import Cryptography
import Merkle
import Testing
import TransparencyLog

struct WitnessTests {
    let log = SmallLog()

    private func request(_ old: Int, _ new: Int, hashes: [Digest]? = nil) throws -> AddCheckpointRequest {
        let oldSize = UInt64(old)
        let newSize = UInt64(new)
        let proof = try? ProofBuilder.consistency(oldSize: oldSize, newSize: newSize, node: log.node)
        return try AddCheckpointRequest(
            oldSize: UInt64(old), hashes: hashes ?? proof?.hashes ?? [], note: log.note(size: new, by: []))
    }

    private func stored(_ size: Int) -> (size: UInt64, root: Digest)? {
        size == 0 ? nil : (UInt64(size), log.checkpoint(size: size).root)
    }

    private func status(_ decision: WitnessDecision) -> Int {
        switch decision {
        case .accept: 200
        case .refuse(let refusal): refusal.statusCode
        }
    }

    @Test func everyHonestStepIsAccepted() throws {
        var wrong: [String] = []
        for old in 0...7 {
            for new in old...7 {
                let sent = try request(old, new)
                let read = try AddCheckpointRequest(parsing: [UInt8](sent.encoded().utf8))
                let decision = WitnessDecision.decide(read, logKeys: [log.logKey], stored: stored(old))
                if read != sent || decision != .accept(log.checkpoint(size: new)) {
                    wrong.append("\(old)-\(new)")
                }
            }
        }
        #expect(wrong.isEmpty)
    }

    @Test(arguments: [
        (3, 7, 4, 409), (0, 7, 4, 409), (4, 7, 0, 409), (5, 4, 5, 400), (5, 4, 4, 400),
    ])
    func sizesThatDoNotFitAreRefused(old: Int, new: Int, held: Int, expected: Int) throws {
        let decision = WitnessDecision.decide(
            try request(old, new, hashes: []), logKeys: [log.logKey], stored: stored(held))
        #expect(status(decision) == expected)
    }

    @Test func aStaleRequestIsToldTheStoredSize() throws {
        let decision = WitnessDecision.decide(try request(3, 7), logKeys: [log.logKey], stored: stored(4))
        #expect(decision == .refuse(.staleSize(stored: 4)))
        #expect(WitnessRefusal.staleSize(stored: 4).body == "4\n")
        #expect(WitnessRefusal.staleSize(stored: 4).contentType == "text/x.tlog.size")
    }

    @Test func proofsThatDoNotHoldAreRefused() throws {
        let good = try request(3, 7).hashes
        let cases: [(AddCheckpointRequest, (size: UInt64, root: Digest)?)] = [
            (try request(3, 7, hashes: Array(good.dropLast())), stored(3)),
            (try request(3, 7, hashes: good + [.zero]), stored(3)),
            (try request(3, 7, hashes: good.reversed()), stored(3)),
            (try request(3, 7), (3, .zero)),
            // The same size with another root, and proofs where there is nothing to prove.
            (try request(4, 4), (4, .zero)),
            (try request(4, 4, hashes: [.zero]), stored(4)),
            (try request(0, 4, hashes: [.zero]), nil),
        ]
        let statuses = cases.map { status(WitnessDecision.decide($0, logKeys: [log.logKey], stored: $1)) }
        #expect(statuses.allSatisfy { $0 == 422 })
    }

    @Test func onlyKnownLogsAndTheirKeysAreAccepted() throws {
        let stranger = NoteVerifierKey(
            name: SmallLog.origin, kind: .log, key: SigningKey.generate().publicKey)
        let good = try request(0, 4)
        let unknown = WitnessDecision.decide(good, logKeys: nil, stored: nil)
        let untrusted = WitnessDecision.decide(good, logKeys: [stranger], stored: nil)
        var note = good.note
        var bytes = note.signatures[0].bytes
        bytes[0] ^= 1
        note.signatures[0] = NoteSignature(name: SmallLog.origin, keyHash: log.logKey.id, bytes: bytes)
        let forged = try AddCheckpointRequest(oldSize: 0, hashes: [], note: note)
        let refused = WitnessDecision.decide(forged, logKeys: [log.logKey], stored: nil)
        #expect(status(unknown) == 404)
        #expect(status(untrusted) == 403)
        #expect(status(refused) == 403)
    }

    @Test func malformedRequestsAreRefused() throws {
        let sent = try request(3, 7)
        let good = sent.encoded()
        let body = String(good.dropFirst("old 3\n".count))
        let line = Base64.encode(Digest.zero.bytes) + "\n"
        let room = AddCheckpointRequest.hashCountMax - sent.hashes.count
        let most = "old 3\n\(String(repeating: line, count: room))\(body)"
        let tooMany = "old 3\n\(line)\(String(repeating: line, count: room))\(body)"
        let texts: [String] = [
            "", "old 3", "old 3\n", "old 3\n\n", String(good.dropFirst()), "old 03\n\(body)",
            "old -3\n\(body)",
            "old  3\n\(body)", "old 3 \n\(body)", "OLD 3\n\(body)", tooMany, "old 3\nAAAA\n\(body)",
            "old 3\n\n\(body)", String(good.dropLast()), body,
        ]
        let accepted = texts.filter { (try? AddCheckpointRequest(parsing: [UInt8]($0.utf8))) != nil }
        let read = try AddCheckpointRequest(parsing: [UInt8](most.utf8))
        #expect(accepted.isEmpty)
        #expect(read.hashes.count == AddCheckpointRequest.hashCountMax)
        #expect(WitnessRefusal.malformedRequest(.malformedNote("x")).statusCode == 400)
    }
}
