package import Cryptography
package import Model

/// The file that goes with a receipt: the entry, its opening and the payload that they belong to.
///
/// Canonical JSON, `{"entry":"<base64>","opening":"<base64>","payload":{…}}`, without a newline at the end.
package struct EventDisclosure: Hashable, Sendable {
    /// The most bytes of a disclosure; a signed contract of 1 MiB fits.
    package static let bytesMax = 4 << 20

    /// The entry on the ledger.
    package let entry: Entry
    /// What ties the payload to the entry's commitment.
    package let opening: Digest
    /// The event.
    package let payload: EventPayload
    /// The canonical bytes of the payload.
    package let payloadBytes: [UInt8]
    /// The canonical bytes of the disclosure.
    package let bytes: [UInt8]

    /// Makes the entry of an event and discloses it.
    ///
    /// - Parameter submitter: the signing key of the service.
    /// - Throws: `JSONError` when the event's data have no canonical form.
    package static func make(
        payload: EventPayload, submitter: KeyID, opening: Digest, networkID: NetworkID
    ) throws(JSONError) -> EventDisclosure {
        let entry = Entry.make(
            submitter: submitter, id: payload.id, time: payload.time.seconds, opening: opening,
            networkID: networkID, payload: try payload.canonicalBytes())
        return try EventDisclosure(entry: entry, opening: opening, payload: payload)
    }

    /// Joins the parts; `verify` judges whether they belong together.
    ///
    /// - Throws: `JSONError` when the event's data have no canonical form.
    package init(entry: Entry, opening: Digest, payload: EventPayload) throws(JSONError) {
        self.entry = entry
        self.opening = opening
        self.payload = payload
        payloadBytes = try payload.canonicalBytes()
        let document: JSONValue = [
            "entry": .string(Base64.encode(entry.encoded)),
            "opening": .string(Base64.encode(opening.bytes)),
            "payload": payload.json,
        ]
        bytes = try document.canonicalBytes()
    }

    /// Reads a disclosure and refuses bytes that are not exactly its canonical form.
    ///
    /// - Throws: `VerificationFailure` with `.event`.
    package init(parsing bytes: [UInt8]) throws(VerificationFailure) {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue(parsing: bytes, limits: JSONLimits(bytesMax: Self.bytesMax))
        } catch {
            throw .event(.malformed, "it is not JSON: \(error)")
        }
        guard let members = document.members, members.map(\.name) == ["entry", "opening", "payload"] else {
            throw .event(.malformed, "it must have entry, opening and payload only, in this order")
        }
        guard let encoded = document["entry"]?.string.flatMap({ Base64.decode($0) }),
            let entry = try? Entry(decoding: encoded)
        else { throw .event(.malformed, "`entry` must be the Base64 of the 94 bytes of an entry") }
        guard let opening = document["opening"]?.string.flatMap({ Base64.decode($0) }).flatMap({ Digest($0) })
        else { throw .event(.malformed, "`opening` must be the Base64 of 32 bytes") }
        let payload = try EventPayload(document["payload"] ?? .null)
        do throws(JSONError) {
            try self.init(entry: entry, opening: opening, payload: payload)
        } catch {
            throw .event(.notCanonical, "it has no canonical form: \(error)")
        }
        guard self.bytes == bytes else {
            throw .event(.notCanonical, "its bytes are not in the canonical form of RFC 8785")
        }
    }

    /// Checks that the payload belongs to the entry, and the entry to a service of the network.
    ///
    /// - Throws: `VerificationFailure` with `.event`.
    package func verify(_ history: NetworkHistory) throws(VerificationFailure) -> GenesisService {
        guard payload.id == entry.id else {
            throw .event(
                .wrongEntry, "the payload is of the event `\(payload.id)`, the entry of `\(entry.id)`")
        }
        guard entry.verify(opening: opening, payload: payloadBytes, networkID: history.networkID) else {
            throw .event(
                .wrongCommitment, "payload, opening and network do not give the commitment of the entry")
        }
        guard let service = history.service(keyID: entry.submitter) else {
            throw .event(
                .unknownSubmitter, "the entry was submitted by a key that is no service's of the network")
        }
        return service
    }
}
