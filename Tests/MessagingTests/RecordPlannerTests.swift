import Cryptography
import Kafka
import LedgerProtocol
import Model
import Testing
import TransparencyLog

@testable import Messaging

@Suite("What a consumer decides about records")
struct RecordPlannerTests {
    static let now = Timestamp(seconds: 1_700_000_100)
    let network: TestNetwork
    let planner: RecordPlanner
    let start = PartitionPosition(nextOffset: 0, chains: [:])

    init() throws {
        network = try TestNetwork()
        let records = try network.context(.records)
        planner = RecordPlanner(
            topic: .consentEvents, producers: [.consent], partitionCount: 1,
            verifier: RecordVerifier(network: NetworkFollower(network.genesis), unsealer: records.unsealer))
    }

    private func plan(
        _ records: [KafkaRecord], from position: PartitionPosition? = nil, searching: SearchTarget? = nil
    ) -> RecordPlan {
        planner.plan(records, from: position ?? start, searching: searching, now: Self.now)
    }

    @Test func deliversAChainInOrder() throws {
        var forge = try RecordForge(network)
        let records = [
            try forge.next(), try forge.next(.consentRevoked, .pending),
            try forge.next(.consentRevoked, .final),
            forge.heartbeat(at: Self.now),
        ]
        let plan = plan(records)
        #expect(plan.summary == ["granted final", "revoked pending", "revoked final"])
        #expect(plan.heartbeats.map(\.time) == [Self.now] && plan.heartbeats[0].producer == .consent)
        #expect(plan.position.nextOffset == 4)
        #expect(plan.position.chains[forge.context.signer.keyID] == forge.chain)
        #expect(plan.endName == "complete")
    }

    @Test func waitsForReceiptsOfValidatorsThatAreNotKnownYet() throws {
        var forge = try RecordForge(network)
        let signer = forge.context.signer
        let first = try forge.next()
        let second = try forge.next(.consentRevoked, .final) { event in
            guard let proof = event.receipt.flatMap({ try? TlogProof(parsing: $0) }) else { return }
            var note = proof.checkpoint
            note.signatures.append(
                NoteSignature(cosigning: note.text, name: "validator-9", time: 1, with: signer))
            event.receipt = TlogProof(index: proof.index, hashes: proof.hashes, checkpoint: note).encoded()
        }
        let third = try forge.next()
        let plan = plan([first, second, third])
        #expect(plan.endName == "waiting" && plan.summary == ["granted final"])
        // Neither set aside nor passed over: it is read again.
        #expect(plan.position.nextOffset == second.offset && plan.refusedCount == 0)
    }

    @Test func passesOverDuplicatesAndStopsAtGaps() throws {
        var forge = try RecordForge(network)
        let (a, b, c) = (try forge.next(), try forge.next(), try forge.next())
        let twice = plan([a, a.with(offset: 1), b.with(offset: 2), a.with(offset: 3), b.with(offset: 4)])
        #expect(twice.steps.count == 2 && twice.duplicateCount == 3 && twice.position.nextOffset == 5)
        let broken = plan([a, c.with(offset: 1), b.with(offset: 2)])
        #expect(broken.steps.count == 1 && broken.position.nextOffset == 1)
        #expect(broken.endName == "gap at 1")
    }

    @Test func searchesBehindRecordsThatComeTooEarly() throws {
        var forge = try RecordForge(network)
        let (a, b, c) = (try forge.next(), try forge.next(), try forge.next())
        let target = SearchTarget(producer: forge.context.signer.keyID, number: 0)
        let shuffled = [c.with(offset: 0), b.with(offset: 1), a.with(offset: 2), c.with(offset: 3)]
        let plan = plan(shuffled, searching: target)
        #expect(plan.steps.count == 1 && plan.farthestEarly == 2)
        #expect(plan.endName == "gap at 1")
    }

    @Test func noticesAnotherHistory() throws {
        var forge = try RecordForge(network)
        let first = try forge.next()
        forge.chain.head = SHA256.hash([7])
        let plan = plan([first, try forge.next()])
        #expect(plan.endName == "mismatch at 1")
    }

    @Test func heartbeatsHoldOnlyForWhatWasApplied() throws {
        var forge = try RecordForge(network)
        let early = forge.heartbeat(at: Self.now)
        let missing = try forge.next()
        let ahead = forge.heartbeat(at: Self.now)
        #expect(plan([early]).heartbeats.count == 1)
        #expect(plan([early.with(offset: 0), ahead]).heartbeats.count == 1)
        #expect(plan([ahead]).endName == "gap at 0")
        let late = plan([missing.with(offset: 0), early.with(offset: 1)])
        #expect(late.heartbeats.isEmpty && late.steps.count == 1)
    }

    @Test(arguments: [
        ("ce_time", Timestamp(seconds: 1_700_000_101).description), ("ce_sequence", "1"),
        ("ce_previous", String(repeating: "1", count: 64)),
        ("ce_signature", Base64.encode([UInt8](repeating: 7, count: 64))), ("ce_producer", "00"),
        ("ce_time", nil), ("ce_specversion", "0.3"),
    ])
    func refusesForgedHeartbeats(name: String, value: String?) throws {
        var forge = try RecordForge(network)
        let plan = plan([forge.heartbeat(at: Self.now).replacing(name, value)])
        #expect(plan.heartbeats.isEmpty && plan.refusedCount == 1)
        #expect(plan.steps.isEmpty && plan.position.nextOffset == 1)
    }

    @Test func refusesHeartbeatsFromTheFuture() throws {
        var forge = try RecordForge(network)
        let (near, far) = (
            forge.heartbeat(at: Self.now.advanced(byMilliseconds: 1_000)),
            forge.heartbeat(at: Self.now.advanced(byMilliseconds: 1_001))
        )
        let plan = plan([near, far])
        #expect(plan.heartbeats.count == 1 && plan.refusedCount == 1)
    }

    @Test(arguments: [
        "ce_id", "ce_type", "ce_sequence", "ce_previous", "ce_finality", "ce_signature", "ce_producer",
        "ce_source", "value", "partition",
    ])
    func aRecordThatIsNotAuthenticTakesNoNumber(part: String) throws {
        var forge = try RecordForge(network)
        let (genuine, other) = (try forge.next(), try forge.next(.consentRevoked, .pending))
        var records = try RecordForge(network, as: .records)
        let forged: KafkaRecord
        switch part {
        case "value": forged = genuine.with(value: other.value)
        case "partition":
            forged = KafkaRecord(
                topic: genuine.topic, partition: 1, offset: 0, timestampMilliseconds: -1, key: genuine.key,
                value: genuine.value, headers: genuine.headers)
        case "ce_source":
            forged = genuine.replacing(part, RecordHeaders.source(network: "test", service: "records"))
        case "ce_producer":
            let stranger = records.heartbeat(at: Self.now).header(part) ?? []
            forged = genuine.replacing(part, String(decoding: stranger, as: UTF8.self))
        default:
            let header = try #require(other.header(part))
            forged = genuine.replacing(part, String(decoding: header, as: UTF8.self))
        }
        let planner = RecordPlanner(
            topic: .consentEvents, producers: [.consent, .records], partitionCount: 1,
            verifier: planner.verifier)
        let plan = planner.plan(
            [forged, genuine.with(offset: 1)], from: start, searching: nil, now: Self.now)
        #expect(plan.refusedCount == 1 && plan.summary == ["parked", "granted final"])
        #expect(plan.steps[0].link == nil)
    }

    @Test func aPendingRecordOfAPermissiveTypeIsParkedAndTakesItsNumber() throws {
        var forge = try RecordForge(network)
        let plan = plan([try forge.next(.consentGranted, .pending), try forge.next()])
        #expect(plan.summary == ["parked pending-not-allowed", "granted final"])
    }

    @Test func aFinalRecordNeedsItsOwnReceipt() throws {
        var (forge, elsewhere) = (try RecordForge(network), try RecordForge(network))
        let foreign = try elsewhere.next()
        let receipt = try RecordValue(parsing: try #require(foreign.value)).receipt
        let record = try forge.next { $0.receipt = receipt }
        let missing = try forge.next { $0.receipt = nil }
        #expect(plan([record, missing]).summary == ["parked bad-receipt", "parked bad-receipt"])
    }

    @Test func aRestrictiveRecordThatContradictsItsSignatureStops() throws {
        var forge = try RecordForge(network)
        let first = try forge.next()
        let wrong = try forge.next(.consentRevoked, .final) { $0.receipt = "no receipt" }
        let plan = plan([first, wrong])
        #expect(plan.summary == ["granted final"] && plan.position.nextOffset == 1)
        #expect(plan.endName == "stopped invalidRecord")
    }

    @Test func passesOverOtherProducers() throws {
        var forge = try RecordForge(network, as: .identity)
        let plan = plan([forge.heartbeat(at: Self.now)])
        #expect(plan.heartbeats.isEmpty && plan.refusedCount == 0 && plan.position.nextOffset == 1)
    }

    @Test func aProducerCannotPublishWhatIsNotItsOwn() throws {
        let planner = RecordPlanner(
            topic: .consentEvents, producers: [.identity], partitionCount: 1, verifier: planner.verifier)
        var forge = try RecordForge(network, as: .identity)
        let plan = planner.plan([try forge.next()], from: start, searching: nil, now: Self.now)
        #expect(plan.summary == ["parked wrong-topic"])
    }

    @Test func theSubjectsPartitionIsHeldAgainstTheKey() throws {
        var forge = try RecordForge(network)
        let record = try forge.next()
        let plan = plan([record.with(key: Array(ParticipantID.random.description.utf8))])
        #expect(plan.summary == ["parked contradiction"])
    }
}

extension RecordPlan {
    /// The steps in a few words each.
    var summary: [String] {
        steps.map { step in
            switch step.action {
            case .deliver(let event):
                (event.type == .consentRevoked ? "revoked" : "granted")
                    + (event.finality.isFinal ? " final" : " pending")
            case .park(let parked): step.link == nil ? "parked" : "parked \(parked.reason)"
            }
        }
    }

    /// How the plan ends, in a few words.
    var endName: String {
        switch end {
        case .complete: "complete"
        case .broken(_, let number, let isMismatch): "\(isMismatch ? "mismatch" : "gap") at \(number)"
        case .stopped(let fault): "stopped \(fault.code.rawValue)"
        case .waiting: "waiting"
        }
    }
}
