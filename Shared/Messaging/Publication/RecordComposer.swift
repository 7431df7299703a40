import Cryptography
import LedgerProtocol
import Model

/// An event that waits for its number.
struct UnpublishedEvent: Sendable {
    let queueID: Int64
    let finality: RecordFinality
    let event: StoredEvent
    let wrappedSecret: [UInt8]?
}

/// A record of a domain topic as it is stored and sent.
struct Publication: Sendable {
    let topic: String
    let partition: Int32
    let number: UInt64
    let eventID: EntryID
    let finality: RecordFinality
    let previous: Digest
    let hash: Digest
    /// The subject's id, the record's key.
    let key: String
    let headers: RecordHeaders
    let value: [UInt8]
}

/// Makes the records of events, each tied to the one before it in its partition.
struct RecordComposer: Sendable {
    let context: MessagingContext
    let partitionCounts: [Topic: Int32]

    /// The partition of an event; a subject's events of one topic are all in one.
    func partition(of event: StoredEvent) -> Int32 {
        event.subject.partition(of: partitionCounts[event.type.topic] ?? 1)
    }

    /// Makes the record that follows a position of the chain in the event's partition.
    ///
    /// - Throws: `MessagingFault` with `.secretUnavailable` or `.corruptRow`.
    func compose(_ waiting: UnpublishedEvent, after chain: ProducerChain) throws -> Publication {
        let event = waiting.event
        let topic = event.type.topic
        let secret = try SubjectSecrets(context).open(waiting.wrappedSecret, of: event.subject)
        let disclosure = try event.disclosure(
            opening: Entry.opening(of: event.id, erasureSecret: secret))
        let value = RecordValue(
            sealing: disclosure, receipt: waiting.finality == .final ? event.receipt : nil,
            to: recipients(of: topic)
        ).bytes
        let link = RecordLink(
            producer: context.signer.keyID, topic: topic.rawValue, partition: partition(of: event),
            number: chain.next, previous: chain.head, finality: waiting.finality, type: event.type.rawValue,
            entryID: event.id, valueHash: SHA256.hash(value))
        let hash = link.hash
        let headers = RecordHeaders(
            id: event.id,
            source: RecordHeaders.source(network: context.genesis.network, service: context.service.rawValue),
            type: event.type.rawValue, time: event.acceptedAt, producer: context.signer.keyID,
            sequence: chain.next, previous: chain.head, finality: waiting.finality,
            signature: RecordSignature.sign(
                hash, networkID: context.genesis.networkID, signer: context.signer))
        return Publication(
            topic: topic.rawValue, partition: link.partition, number: chain.next, eventID: event.id,
            finality: waiting.finality, previous: chain.head, hash: hash, key: event.subject.description,
            headers: headers, value: value)
    }

    /// Makes the record of a heartbeat.
    func heartbeat(
        topic: Topic, partition: Int32, chain: ProducerChain, time: Timestamp
    ) -> RecordHeaders {
        let heartbeat = Heartbeat(
            producer: context.signer.keyID, topic: topic.rawValue, partition: partition, next: chain.next,
            head: chain.head, time: time)
        guard let id = EntryID(Random.bytes(16)) else { preconditionFailure("16 bytes are an identifier") }
        return RecordHeaders(
            id: id,
            source: RecordHeaders.source(network: context.genesis.network, service: context.service.rawValue),
            type: Heartbeat.type, time: time, producer: context.signer.keyID, sequence: chain.next,
            previous: chain.head, finality: nil,
            signature: RecordSignature.sign(
                heartbeat.hash, networkID: context.genesis.networkID, signer: context.signer))
    }

    /// The keys to which events of a topic are sealed: the producer's and those of the services
    /// entitled.
    private func recipients(of topic: Topic) -> [PublicSealingKey] {
        let services = Set(ServiceName.entitled(to: topic) + [context.service])
        return services.compactMap { context.genesis.service($0)?.sealingKey }
    }
}
