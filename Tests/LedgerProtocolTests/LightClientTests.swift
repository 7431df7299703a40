import Cryptography
import LedgerFixtures
import LedgerProtocol
import Model
import Testing
import TransparencyLog

@Suite struct LightClientTests {
    /// Several submissions of several services in every block: each entry's proof verifies, by both
    /// verifiers.
    @Test(arguments: [1, 4, 7])
    func receiptsOfRangesGiveProofsThatVerify(validatorCount: Int) throws {
        let network = try TestNetwork(validatorCount: validatorCount)
        let policy = network.genesis.initial.quorumPolicy
        var chain = TestChain(network)
        var clients: [ServiceName: LightClient] = [:]
        var proofCount = 0
        for round in 0..<3 {
            var own: [ServiceName: [Submission]] = [:]
            var events: [EntryID: EventDisclosure] = [:]
            for (place, service) in ServiceName.allCases.enumerated() where place <= round + 1 {
                for number in 0..<2 {
                    let made = try (0...(place + number)).map {
                        try network.disclosure(round * 100 + number * 10 + $0, by: service)
                    }
                    for event in made { events[event.entry.id] = event }
                    let sequence = UInt64(submissionsBefore(service, round) + number)
                    own[service, default: []]
                        .append(try network.submission(by: service, sequence: sequence, events: made))
                }
            }
            try chain.append(own.values.flatMap { $0 })
            for (service, submissions) in own {
                let record = try chain.record(of: network.signer(of: service).keyID)
                var client = clients[service] ?? LightClient(genesis: network.genesis)
                let receipts = try client.accept(
                    try ReceiptRecord(decoding: record.encoded), submissions: submissions)
                clients[service] = client
                #expect(receipts.map(\.id) == submissions.flatMap { $0.entries.map(\.id) })
                for receipt in receipts {
                    let event = try #require(events[receipt.id])
                    let leafHash = event.entry.leafHash
                    _ = try receipt.proof.verify(leafHash: leafHash, policy: policy)
                    let verified = try ReceiptVerifier.verify(
                        receipt: [UInt8](receipt.proof.encoded().utf8), disclosure: event.bytes,
                        history: NetworkHistory(network.genesis))
                    #expect(verified.index == receipt.index)
                    #expect(chain.leaves[Int(receipt.index)] == leafHash)
                    proofCount += 1
                }
            }
        }
        #expect(proofCount == 47)
    }

    @Test func aRecordForOtherBytesIsRefused() throws {
        let (record, submissions) = try example()
        var client = LightClient(genesis: Examples.network.genesis)
        let other = try Examples.network.submission(
            by: .consent, sequence: 1, events: [try Examples.network.disclosure(99)])
        for wrong in [[], [submissions[0]], [submissions[0], other], submissions.reversed()] {
            #expect { try client.accept(record, submissions: wrong) } throws: {
                ($0 as? ProtocolFault)?.code == .wrongSubmission
            }
        }
        #expect(client.newest == nil)
    }

    @Test func everyFlippedBitThatTheClientReliesOnIsRefused() throws {
        let (record, submissions) = try example()
        let bytes = record.encoded
        // Height and next sequence are the publisher's word, which nothing depends on.
        let nextSequenceStart = 4 + 32 + 32 + 8 + 2 + 42 * record.items.count + 8
        let unsigned = Set(Array(68..<76) + Array(nextSequenceStart..<nextSequenceStart + 8))
        let accepted = (0..<bytes.count * 8).filter { !unsigned.contains($0 / 8) }.filter { bit in
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            var client = LightClient(genesis: Examples.network.genesis)
            guard let record = try? ReceiptRecord(decoding: changed) else { return false }
            return (try? client.accept(record, submissions: submissions)) != nil
        }
        #expect(accepted == [])
    }

    @Test func aFewerThanQuorumNoteIsRefused() throws {
        let (record, submissions) = try example()
        var note = try SignedNote(parsing: record.note)
        note.signatures.removeLast()
        let weak = ReceiptRecord(
            networkID: record.networkID, keyID: record.keyID, height: record.height, items: record.items,
            firstIndex: record.firstIndex, nextSequence: record.nextSequence, left: record.left,
            right: record.right, note: [UInt8](note.encoded().utf8))
        var client = LightClient(genesis: Examples.network.genesis)
        #expect { try client.accept(weak, submissions: submissions) } throws: {
            ($0 as? ProtocolFault)?.code == .quorumNotMet
        }
    }

    /// A quorum that signs two trees of one size is caught by whoever sees both.
    @Test func aForkOfTheSameSizeIsNoticed() throws {
        let network = Examples.network
        var (left, right) = (TestChain(network), TestChain(network))
        let one = try network.submission(
            by: .consent, sequence: 0, events: [try network.disclosure(1)])
        let two = try network.submission(
            by: .consent, sequence: 0, events: [try network.disclosure(2)])
        try left.append([one])
        try right.append([two])
        let keyID = network.signer(of: .consent).keyID
        var client = LightClient(genesis: network.genesis)
        _ = try client.accept(try left.record(of: keyID), submissions: [one])
        _ = try client.accept(try left.record(of: keyID), submissions: [one])
        #expect { try client.accept(try right.record(of: keyID), submissions: [two]) } throws: {
            ($0 as? ProtocolFault)?.code == .forked
        }
    }

    @Test func theNoteHoldsOneLogSignatureAndExactlyTheQuorum() throws {
        let note = try Examples.chain.note()
        let genesis = Examples.network.genesis
        #expect(note.signatures.map(\.name) == [genesis.origin] + genesis.validators.prefix(3).map(\.name))
        let two = Examples.chain.cosignatures().filter { $0.key.value < 2 }
        let early = CheckpointNote.make(
            checkpointText: note.text, cosignatures: two, logSigner: Examples.network.log[0],
            network: genesis.initial)
        #expect(early == nil)
    }

    private func example() throws -> (record: ReceiptRecord, submissions: [Submission]) {
        let keyID = Examples.network.signer(of: .consent).keyID
        let submissions = Examples.chain.blocks[1].submissions.filter { $0.keyID == keyID }
        return (try Examples.chain.record(of: keyID), submissions)
    }

    /// How many submissions a service has made before a round of the first test.
    private func submissionsBefore(_ service: ServiceName, _ round: Int) -> Int {
        let place = ServiceName.allCases.firstIndex(of: service) ?? 0
        return (0..<round).count { place <= $0 + 1 } * 2
    }
}
