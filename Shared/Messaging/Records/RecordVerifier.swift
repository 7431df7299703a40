import Cryptography
import Kafka
import LedgerProtocol
import Model

/// A record whose signature verified: its producer stands for its place in the chain and for its
/// value's bytes.
struct AuthenticRecord: Sendable {
    let headers: RecordHeaders
    let producer: GenesisService
    let finality: RecordFinality
    /// The record's own hash, which the next record of the chain names.
    let hash: Digest
    let record: KafkaRecord

    /// The type, when this program knows it.
    var eventType: EventType? { EventType(rawValue: headers.type) }

    /// Whether the record must never be set aside.
    ///
    /// Only restrictive events are published as pending, so a pending record of a type that this
    /// program does not know takes something away that it does not know of.
    var isRestrictive: Bool { eventType?.isRestrictive ?? (finality == .pending) }
}

/// A heartbeat whose signature verified.
struct AuthenticHeartbeat: Sendable {
    let heartbeat: Heartbeat
    let producer: GenesisService
}

/// Decides whether records of domain topics are what they claim, from the network's history and the
/// service's own key.
struct RecordVerifier: Sendable {
    /// How far a heartbeat's time may lie ahead of this process's clock.
    ///
    /// Clocks that are kept by NTP differ by milliseconds, so a second refuses no healthy producer. By as
    /// much as a clock is ahead, a heartbeat that was held back looks younger than it is; so a small part
    /// of the five seconds is all that is given away.
    static let clockToleranceMilliseconds: Int64 = 1_000

    let network: NetworkFollower
    let unsealer: Unsealer

    /// Checks that a record is signed by the producer that it names, for this place in this partition.
    ///
    /// - Throws: `RecordRefusal`.
    func authenticate(_ record: KafkaRecord, headers: RecordHeaders) throws(RecordRefusal) -> AuthenticRecord
    {
        guard let finality = headers.finality, let value = record.value else { throw .malformedHeaders }
        let history = network.current
        // A final record is judged by its receipt, whatever became of the key since; a pending one has none.
        let producer = try producer(of: headers, history, isInForce: finality == .pending)
        let link = RecordLink(
            producer: headers.producer, topic: record.topic, partition: record.partition,
            number: headers.sequence, previous: headers.previous, finality: finality, type: headers.type,
            entryID: headers.id, valueHash: SHA256.hash(value))
        let hash = link.hash
        guard
            RecordSignature.verifies(
                headers.signature, of: hash, networkID: history.networkID, key: producer.signingKey)
        else { throw .badSignature }
        return AuthenticRecord(
            headers: headers, producer: producer, finality: finality, hash: hash, record: record)
    }

    /// Checks that a heartbeat is signed by the producer that it names and is not from the future.
    ///
    /// - Throws: `RecordRefusal`.
    func authenticateHeartbeat(
        _ record: KafkaRecord, headers: RecordHeaders, now: Timestamp
    ) throws(RecordRefusal) -> AuthenticHeartbeat {
        guard headers.type == Heartbeat.type else { throw .malformedHeaders }
        let history = network.current
        let producer = try producer(of: headers, history, isInForce: true)
        let heartbeat = Heartbeat(
            producer: headers.producer, topic: record.topic, partition: record.partition,
            next: headers.sequence, head: headers.previous, time: headers.time)
        guard
            RecordSignature.verifies(
                headers.signature, of: heartbeat.hash, networkID: history.networkID, key: producer.signingKey)
        else { throw .badSignature }
        guard headers.time <= now.advanced(byMilliseconds: Self.clockToleranceMilliseconds) else {
            throw .fromTheFuture
        }
        return AuthenticHeartbeat(heartbeat: heartbeat, producer: producer)
    }

    /// Opens an authentic record and checks all that it claims about its event.
    ///
    /// - Parameter partitionCount: of the record's topic, from which follows where the subject's events
    ///   are.
    /// - Throws: `RecordRefusal`.
    func open(_ authentic: AuthenticRecord, partitionCount: Int32) throws(RecordRefusal) -> InboundEvent {
        let record = authentic.record
        guard let type = authentic.eventType else { throw .unknownType }
        guard type.topic.rawValue == record.topic, authentic.producer.service.topics.contains(type.topic)
        else {
            throw .wrongTopic
        }
        guard authentic.finality == .final || type.isRestrictive else { throw .pendingNotAllowed }
        let value = try RecordValue(parsing: record.value ?? [])
        let plaintext: [UInt8]
        do throws(SealedEnvelopeFault) {
            plaintext = try value.sealed.open(with: unsealer, associatedData: value.entry.encoded)
        } catch {
            throw .notOpened
        }
        let disclosure = try disclosure(plaintext, of: value, authentic)
        let payload = disclosure.payload
        guard record.key == Array(payload.subject.description.utf8),
            payload.subject.partition(of: partitionCount) == record.partition
        else { throw .contradiction }
        return InboundEvent(
            id: payload.id, type: type, subject: payload.subject, time: payload.time, data: payload.data,
            producer: authentic.producer.service,
            finality: try finality(of: value, disclosure, authentic), disclosureBytes: disclosure.bytes,
            receipt: value.receipt)
    }

    private func disclosure(
        _ plaintext: [UInt8], of value: RecordValue, _ authentic: AuthenticRecord
    ) throws(RecordRefusal) -> EventDisclosure {
        guard let disclosure = try? EventDisclosure(parsing: plaintext) else { throw .malformedValue }
        let payload = disclosure.payload
        guard disclosure.entry == value.entry, payload.id == authentic.headers.id,
            payload.type == authentic.headers.type
        else { throw .contradiction }
        guard value.entry.submitter == authentic.headers.producer else { throw .wrongSubmitter }
        guard let submitter = try? disclosure.verify(network.current),
            submitter.service == authentic.producer.service
        else { throw .wrongCommitment }
        return disclosure
    }

    private func finality(
        of value: RecordValue, _ disclosure: EventDisclosure, _ authentic: AuthenticRecord
    ) throws(RecordRefusal) -> InboundEvent.Finality {
        switch authentic.finality {
        case .pending:
            guard value.receipt == nil else { throw .contradiction }
            return .pending
        case .final:
            guard let receipt = value.receipt else { throw .badReceipt }
            do throws(VerificationFailure) {
                let verified = try ReceiptVerifier.verify(
                    receipt: Array(receipt.utf8), disclosure: disclosure.bytes, history: network.current)
                return .final(index: verified.index)
            } catch {
                throw error.code == .unknownValidator ? .networkBehind : .badReceipt
            }
        }
    }

    private func producer(
        of headers: RecordHeaders, _ history: NetworkHistory, isInForce: Bool
    ) throws(RecordRefusal) -> GenesisService {
        let known =
            isInForce
            ? history.newest.service(keyID: headers.producer) : history.service(keyID: headers.producer)
        guard let producer = known else { throw .unknownProducer }
        guard headers.source == RecordHeaders.source(network: history.newest.network, service: producer.name)
        else {
            throw .malformedHeaders
        }
        return producer
    }
}
