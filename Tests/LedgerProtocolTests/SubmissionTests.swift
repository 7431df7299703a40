import Cryptography
import LedgerFixtures
import LedgerProtocol
import Merkle
import Model
import Testing

@Suite struct SubmissionTests {
    private let network = Examples.network

    @Test func theSignatureCoversTagNetworkKeySequenceCountAndRoot() throws {
        let submission = Examples.chain.blocks[1].submissions.first { $0.entryCount == 2 }
        let found = try #require(submission)
        let signer = network.signer(of: .consent)
        try found.verify(key: signer.publicKey, networkID: network.genesis.networkID)
        let root = MerkleTree.root(ofLeafHashes: found.entries.map(\.leafHash))
        let message =
            [UInt8]("consentry/submission/v1\n".utf8) + network.genesis.networkID.bytes + signer.keyID.bytes
            + [0, 0, 0, 0, 0, 0, 0, 0] + [0, 2] + root.bytes
        #expect(found.signedBytes == message)
        #expect(signer.sign(message) == found.signature)
        #expect(found.hash == SHA256.hash(found.encoded))
        #expect(found.leafHashes == found.entries.map { MerkleTree.leafHash($0.encoded) })
    }

    @Test func everyFlippedBitIsRefused() throws {
        let submission = try Examples.publicSubmission()
        let key = network.signer(of: .identity).publicKey
        let networkID = network.genesis.networkID
        try submission.verify(key: key, networkID: networkID)
        let accepted = (0..<submission.encoded.count * 8).filter { bit in
            var bytes = submission.encoded
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let changed = try? Submission(decoding: bytes) else { return false }
            return (try? changed.verify(key: key, networkID: networkID)) != nil
        }
        #expect(accepted == [])
    }

    @Test func verificationNamesTheReason() throws {
        let submission = Examples.chain.blocks[1].submissions[0]
        let service = try #require(network.genesis.initial.service(keyID: submission.keyID))
        let other = network.signer(of: .records).publicKey
        #expect(throws: RefusalCode.wrongNetwork) {
            try submission.verify(key: service.signingKey, networkID: .zero)
        }
        #expect(throws: RefusalCode.unknownKey) {
            try submission.verify(key: other, networkID: network.genesis.networkID)
        }
        var bytes = submission.encoded
        bytes[bytes.count - 1] ^= 1
        let changed = try Submission(decoding: bytes)
        #expect(throws: RefusalCode.self) {
            try changed.verify(key: service.signingKey, networkID: network.genesis.networkID)
        }
    }

    @Test(arguments: [0, 1, 1_024, 1_025])
    func aSubmissionHasOneTo1024Entries(count: Int) throws {
        let entries = (0..<count).map { entry($0) }
        let isMade = (try? make(entries)) != nil
        #expect(isMade == (1...1_024).contains(count))
    }

    @Test func repeatedIdsAndForeignSubmittersAreRefused() throws {
        #expect { try make([entry(1), entry(2), entry(1)]) } throws: {
            ($0 as? DecodingFault)?.code == .wrongOrder
        }
        #expect { try make([entry(1), entry(2, by: .records)]) } throws: {
            ($0 as? DecodingFault)?.code == .contradiction
        }
        #expect { try make([entry(1)], payloads: [[1]]) } throws: {
            ($0 as? DecodingFault)?.code == .contradiction
        }
    }

    @Test func publicPayloadsAreLimitedTogether() throws {
        let entries = [entry(1, kind: 0x8000), entry(2), entry(3, kind: 0xFFFF)]
        let half = [UInt8](repeating: 7, count: 32_768)
        let submission = try make(entries, payloads: [half, half])
        #expect(submission.publicPayloads == [half, half])
        #expect(submission.hasPublicEntries)
        #expect(submission.entries == entries)
        #expect { try make(entries, payloads: [half, half + [7]]) } throws: {
            ($0 as? DecodingFault)?.code == .countOutOfRange
        }
    }

    @Test func theCommitmentCoversOpeningNetworkHeaderAndPayload() throws {
        let event = Examples.event
        let entry = event.entry
        let networkID = network.genesis.networkID
        let message = networkID.bytes + entry.encoded.prefix(62) + event.payloadBytes
        #expect(HMACSHA256.authenticate(message, key: event.opening.bytes) == entry.commitment)
        #expect(entry.verify(opening: event.opening, payload: event.payloadBytes, networkID: networkID))
        let changed = [
            entry.verify(opening: .zero, payload: event.payloadBytes, networkID: networkID),
            entry.verify(opening: event.opening, payload: event.payloadBytes + [0], networkID: networkID),
            entry.verify(opening: event.opening, payload: event.payloadBytes, networkID: .zero),
            Entry(
                kind: entry.kind, submitter: entry.submitter, id: entry.id, time: entry.time + 1,
                commitment: entry.commitment
            ).verify(opening: event.opening, payload: event.payloadBytes, networkID: networkID),
        ]
        #expect(changed == [false, false, false, false])
    }

    @Test func aPublicEntryOpensWithZerosOnly() {
        let opening = SHA256.hash([1])
        let secret = Entry.make(
            kind: EntryKind(rawValue: 0x8000), submitter: network.signer(of: .consent).keyID,
            id: TestNetwork.identifier("x"), time: 0, opening: opening, networkID: .zero, payload: [1])
        #expect(!secret.verify(opening: opening, payload: [1], networkID: .zero))
    }

    @Test func aRefusalIsSignedByAValidator() throws {
        let refusal = Examples.refusal()
        try refusal.verify(NetworkHistory(network.genesis))
        let accepted = (0..<refusal.encoded.count * 8).filter { bit in
            var bytes = refusal.encoded
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            return (try? SubmissionRefusal(decoding: bytes).verify(NetworkHistory(network.genesis))) != nil
        }
        #expect(accepted == [])
    }

    private func entry(_ number: Int, by service: ServiceName = .consent, kind: UInt16 = 1) -> Entry {
        Entry(
            kind: EntryKind(rawValue: kind), submitter: network.signer(of: service).keyID,
            id: TestNetwork.identifier("entry \(number)"), time: 0, commitment: .zero)
    }

    private func make(_ entries: [Entry], payloads: [[UInt8]] = []) throws -> Submission {
        try Submission.make(
            networkID: network.genesis.networkID, sequence: 0, entries: entries, publicPayloads: payloads,
            signer: network.signer(of: .consent))
    }
}
