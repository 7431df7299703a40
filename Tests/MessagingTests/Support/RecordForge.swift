import Cryptography
import Kafka
import LedgerProtocol
import Model
import Testing
import TransparencyLog

@testable import Messaging

/// Makes the records of one service in one partition, as its publisher would, without a database or
/// broker.
struct RecordForge {
    let network: TestNetwork
    let ledger: TestLedger
    let context: MessagingContext
    let topic: Topic
    let partitionCount: Int32
    var chain = ProducerChain()
    var offset: Int64 = 0
    private var sequence: UInt64 = 0

    init(
        _ network: TestNetwork, as service: ServiceName = .consent, topic: Topic = .consentEvents,
        partitionCount: Int32 = 1
    ) throws {
        self.network = network
        ledger = TestLedger(network)
        context = try network.context(service)
        self.topic = topic
        self.partitionCount = partitionCount
    }

    var composer: RecordComposer {
        RecordComposer(context: context, partitionCounts: [topic: partitionCount])
    }

    /// Makes the next record of the chain.
    mutating func next(
        _ type: EventType = .consentGranted, _ finality: RecordFinality = .final,
        changing change: (inout StoredEvent) -> Void = { _ in }
    ) throws -> KafkaRecord {
        let (event, wrapped) = try event(type, isFinal: finality == .final, change)
        let unpublished = UnpublishedEvent(
            queueID: 0, finality: finality, event: event, wrappedSecret: wrapped)
        let publication = try composer.compose(unpublished, after: chain)
        chain = chain.advanced(to: publication.hash)
        return record(publication.headers.kafkaHeaders, key: Array(publication.key.utf8), publication.value)
    }

    /// Makes a heartbeat for the position of the chain, or for another one.
    mutating func heartbeat(at time: Timestamp, for other: ProducerChain? = nil) -> KafkaRecord {
        let headers = composer.heartbeat(topic: topic, partition: 0, chain: other ?? chain, time: time)
        return record(headers.kafkaHeaders, key: nil, Heartbeat.value)
    }

    /// Puts headers, key and value at the next offset.
    mutating func record(_ headers: [KafkaHeader], key: [UInt8]?, _ value: [UInt8]?) -> KafkaRecord {
        defer { offset += 1 }
        return KafkaRecord(
            topic: topic.rawValue, partition: 0, offset: offset, timestampMilliseconds: -1, key: key,
            value: value, headers: headers)
    }

    private mutating func event(
        _ type: EventType, isFinal: Bool, _ change: (inout StoredEvent) -> Void
    ) throws -> (StoredEvent, wrapped: [UInt8]) {
        let (id, subject, time) = (EntryID.random, ParticipantID.random, Timestamp(seconds: 1_700_000_000))
        let secret = SecretBytes(byteCount: SubjectSecrets.byteCount)
        let disclosure = try EventDisclosure.make(
            payload: EventPayload(id: id, type: type, subject: subject, time: time, data: ["n": 1]),
            submitter: context.signer.keyID, opening: Entry.opening(of: id, erasureSecret: secret),
            networkID: network.genesis.networkID)
        var event = StoredEvent(
            id: id, type: type, subject: subject, payload: disclosure.payloadBytes,
            entry: disclosure.entry.encoded, acceptedAt: time, finality: .pending,
            receipt: isFinal ? try receipt(of: disclosure.entry) : nil)
        change(&event)
        return (event, SubjectSecrets(context).wrap(secret, of: subject))
    }

    private mutating func receipt(of entry: Entry) throws -> String {
        let submission = try Submission.make(
            networkID: network.genesis.networkID, sequence: sequence, entries: [entry], signer: context.signer
        )
        sequence += 1
        guard case .receipt(let record) = try ledger.answer(submission) else {
            throw MessagingFault(.invalidRecord, "the test's ledger refused its own submission")
        }
        var client = LightClient(genesis: network.genesis)
        return try client.accept(record, submissions: [submission])[0].proof.encoded()
    }
}

extension KafkaRecord {
    /// The record with one header changed, taken out or repeated.
    func replacing(_ name: String, _ value: String?) -> KafkaRecord {
        var headers = headers.filter { $0.name != name }
        if let value { headers.append(KafkaHeader(name: name, value: Array(value.utf8))) }
        return with(headers: headers)
    }

    func with(
        headers: [KafkaHeader]? = nil, key: [UInt8]?? = nil, value: [UInt8]?? = nil, offset: Int64? = nil
    ) -> KafkaRecord {
        KafkaRecord(
            topic: topic, partition: partition, offset: offset ?? self.offset,
            timestampMilliseconds: timestampMilliseconds, key: key ?? self.key, value: value ?? self.value,
            headers: headers ?? self.headers)
    }
}
