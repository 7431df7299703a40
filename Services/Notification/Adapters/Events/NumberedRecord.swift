import Cryptography
import Kafka
import LedgerProtocol
import Model
import NotificationCore

/// How far one subscriber's topic has come.
struct SubscriberChain: Hashable, Sendable {
    /// The number of the next record.
    var next: UInt64 = 0
    /// The hash of the record before it; zero when there is none.
    var head: Digest = .zero
}

/// One record of a subscriber's topic: a pseudonym, a place in the chain and a sealed event.
struct NumberedRecord: Sendable {
    let subscriber: String
    let number: UInt64
    let previous: Digest
    let event: EntryID
    let pseudonym: Digest
    let headers: [KafkaHeader]
    let value: [UInt8]
    let hash: Digest

    /// Puts the headers into one column: a JSON object, name by name.
    var headersText: String {
        let members = headers.map {
            JSONMember(name: $0.name, value: .string(String(decoding: $0.value, as: UTF8.self)))
        }
        return String(decoding: JSONValue.object(members).encoded(), as: UTF8.self)
    }

    /// Reads what ``headersText`` wrote; nil when it is something else.
    static func headers(parsing text: String) -> [KafkaHeader]? {
        guard let members = (try? JSONValue(parsing: [UInt8](text.utf8)))?.members else { return nil }
        let headers = members.compactMap { member in
            member.value.string.map { KafkaHeader(name: member.name, value: [UInt8]($0.utf8)) }
        }
        return headers.count == members.count ? headers : nil
    }
}

/// Makes the records of the subscribers' topics.
struct NumberedRecordComposer: Sendable {
    let genesis: Genesis
    let pseudonyms: PseudonymKeys
    let signer: Signer

    /// Makes the record of an event and moves the chain on.
    ///
    /// - Throws: `VerificationFailure` or `JSONError` when the stored event is not what it should be.
    func record(
        of queued: QueuedEvent, for subscriber: Subscriber, chain: inout SubscriberChain
    ) throws -> NumberedRecord {
        let disclosure = try EventDisclosure(parsing: queued.notice.disclosure)
        let payload = disclosure.payload
        guard let pseudonym = pseudonyms.pseudonym(of: payload.subject, for: subscriber) else {
            preconditionFailure("every configured subscriber has a key for its pseudonyms")
        }
        let value = try SubscriberRecord(disclosure: disclosure, receipt: [UInt8](queued.receipt.utf8))
            .sealed(to: subscriber.sealingKey)
        let hash = hash(of: value, event: payload.id, topic: subscriber.topic, chain: chain)
        let signature = signer.sign(DomainTag.record + genesis.networkID.bytes + hash.bytes)
        let texts = [
            ("ce_specversion", "1.0"), ("ce_id", payload.id.description),
            ("ce_source", "urn:consentry:\(genesis.network):\(ServiceName.notification.rawValue)"),
            ("ce_type", payload.type), ("ce_time", payload.time.description), ("ce_subject", pseudonym.hex),
            ("content-type", "application/json"), ("ce_sequence", String(chain.next)),
            ("ce_previous", chain.head.hex), ("ce_signature", Base64.encode(signature.bytes)),
        ]
        let record = NumberedRecord(
            subscriber: subscriber.name, number: chain.next, previous: chain.head, event: payload.id,
            pseudonym: pseudonym, headers: texts.map { KafkaHeader(name: $0.0, value: [UInt8]($0.1.utf8)) },
            value: value, hash: hash)
        chain = SubscriberChain(next: chain.next + 1, head: hash)
        return record
    }

    /// What the next record names as its predecessor, and what the service signs.
    private func hash(
        of value: [UInt8], event: EntryID, topic: String, chain: SubscriberChain
    ) -> Digest {
        var writer = BinaryWriter(magic: "CSU1")
        writer.append(count: topic.utf8.count, as: UInt16.self)
        writer.append(topic)
        writer.append(chain.next)
        writer.append(chain.head)
        writer.append(event.bytes)
        writer.append(SHA256.hash(value))
        return SHA256.hash(writer.bytes)
    }
}
