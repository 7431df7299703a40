package import Cryptography
package import LedgerProtocol
import Model

/// Opens the values of records and checks what is inside against the network.
package struct EventOpener: Sendable {
    private let history: NetworkHistory
    private let unsealer: Unsealer

    /// Takes the network and the key of the one that the records are sealed to.
    package init(history: NetworkHistory, unsealer: Unsealer) {
        self.history = history
        self.unsealer = unsealer
    }

    /// Opens one line: the value of a record, or the envelope that `kcat -J` puts around it.
    ///
    /// - Throws: `JSONError`, `SealedEnvelopeFault` or `VerificationFailure`.
    package func open(_ line: [UInt8]) throws -> OpenedEvent {
        var value = try JSONValue(parsing: line)
        if value["topic"] != nil, let payload = value["payload"] {
            value =
                if let text = payload.string { try JSONValue(parsing: [UInt8](text.utf8)) } else { payload }
        }
        if value["entry"] != nil { return try openDomainRecord(value) }
        let record = try SubscriberRecord(opening: value, with: unsealer)
        return OpenedEvent(
            disclosure: record.disclosure,
            verified: try ReceiptVerifier.verify(
                receipt: record.receipt, disclosure: record.disclosure.bytes, history: history))
    }

    /// Opens a record of a domain topic, as a service does; its receipt is null while the event is pending.
    private func openDomainRecord(_ value: JSONValue) throws -> OpenedEvent {
        guard let entry = value["entry"]?.string.flatMap({ Base64.decode($0) }), let sealed = value["sealed"]
        else { throw SealedEnvelopeFault.malformed }
        let plaintext = try SealedEnvelope(sealed).open(with: unsealer, associatedData: entry)
        let disclosure = try EventDisclosure(parsing: plaintext)
        guard disclosure.entry.encoded == entry else { throw SealedEnvelopeFault.refused }
        guard let receipt = value["receipt"]?.string else {
            _ = try disclosure.verify(history)
            return OpenedEvent(disclosure: disclosure, verified: nil)
        }
        return OpenedEvent(
            disclosure: disclosure,
            verified: try ReceiptVerifier.verify(
                receipt: [UInt8](receipt.utf8), disclosure: plaintext, history: history))
    }
}

/// An event that was sealed, with what its receipt shows.
package struct OpenedEvent: Sendable {
    /// The event.
    package let disclosure: EventDisclosure
    /// What the receipt shows; nil for an event that is accepted and not yet final.
    package let verified: VerifiedEvent?

    /// The event in one line for people.
    package var sentence: String {
        let payload = disclosure.payload
        let data = String(decoding: payload.data.encoded(), as: UTF8.self)
        let proof =
            verified.map {
                "entry \($0.index) of \($0.treeSize), receipt valid, cosigned by "
                    + $0.cosigners.joined(separator: ", ") + ($0.doubt.map { "; \($0)" } ?? "")
            } ?? "pending, no receipt yet"
        return "\(payload.time) \(payload.type) about \(payload.subject): \(data) [\(proof)]"
    }

    /// The event as one line of canonical JSON.
    package var json: String {
        let payload = disclosure.payload
        var members = [JSONMember(name: "event", value: payload.json)]
        if let verified {
            members.append(
                JSONMember(name: "cosigners", value: .array(verified.cosigners.map { .string($0) })))
            members.append(JSONMember(name: "index", value: .number(JSONNumber(verified.index))))
            members.append(JSONMember(name: "treeSize", value: .number(JSONNumber(verified.treeSize))))
            if let doubt = verified.doubt {
                members.append(JSONMember(name: "doubt", value: .string(doubt.description)))
            }
        }
        members.append(JSONMember(name: "final", value: .bool(verified != nil)))
        // The payload was canonical when it was read, so it has a canonical form.
        let bytes = (try? JSONValue.object(members).canonicalBytes()) ?? []
        return String(decoding: bytes, as: UTF8.self)
    }
}
