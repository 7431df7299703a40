package import Cryptography
package import Model

/// The value of a record on `access.events.<subscriber>`: `{"sealed":{…}}`.
///
/// Sealed inside is the canonical JSON `{"event":{disclosure},"receipt":"<tlog-proof>"}`, all that a
/// subscriber needs to check the event offline.
package struct SubscriberRecord: Hashable, Sendable {
    /// What the envelope is bound to, so that no other sealed bytes are taken for a subscriber's record.
    package static let associatedData = [UInt8]("consentry/subscriber/v1\n".utf8)

    /// The event.
    package let disclosure: EventDisclosure
    /// Its receipt.
    package let receipt: [UInt8]

    /// Joins an event and its receipt.
    package init(disclosure: EventDisclosure, receipt: [UInt8]) {
        self.disclosure = disclosure
        self.receipt = receipt
    }

    /// Seals the record to a subscriber and gives the canonical value.
    ///
    /// - Throws: `JSONError` when the parts have no canonical form, which made disclosures always have.
    package func sealed(to key: PublicSealingKey) throws(JSONError) -> [UInt8] {
        let plaintext: JSONValue = [
            "event": try JSONValue(parsing: disclosure.bytes),
            "receipt": .string(String(decoding: receipt, as: UTF8.self)),
        ]
        let envelope = SealedEnvelope.seal(
            try plaintext.canonicalBytes(), to: [key], associatedData: Self.associatedData)
        return JSONValue.object([JSONMember(name: "sealed", value: envelope.json)]).encoded()
    }

    /// Opens a value as its subscriber; nothing in it is verified against the ledger yet.
    ///
    /// - Throws: `SealedEnvelopeFault`, or `VerificationFailure` when the event inside is malformed.
    package init(opening value: JSONValue, with unsealer: Unsealer) throws {
        guard let members = value.members, members.map(\.name) == ["sealed"], let sealed = value["sealed"]
        else { throw SealedEnvelopeFault.malformed }
        let plaintext = try SealedEnvelope(sealed).open(with: unsealer, associatedData: Self.associatedData)
        let document = try JSONValue(parsing: plaintext)
        guard let names = document.members?.map(\.name), names == ["event", "receipt"],
            let event = document["event"], let receipt = document["receipt"]?.string,
            try document.canonicalBytes() == plaintext
        else { throw SealedEnvelopeFault.malformed }
        self.init(
            disclosure: try EventDisclosure(parsing: try event.canonicalBytes()),
            receipt: [UInt8](receipt.utf8))
    }
}
