package import LedgerProtocol
import Model
import TransparencyLog

/// What is to be said about a receipt.
package enum ReceiptVerdict: Sendable {
    /// The event is on the ledger.
    case valid(VerifiedEvent)
    /// It is not shown to be.
    case invalid(VerificationFailure)

    /// Checks the bytes of the three files, and of the changes to the network if it has changed.
    package init(receipt: [UInt8], event: [UInt8], genesis: [UInt8], changes: [UInt8]? = nil) {
        do throws(VerificationFailure) {
            let event = try ReceiptVerifier.verify(
                receipt: receipt, disclosure: event, genesisFile: genesis,
                changes: changes.map { (bytes) throws(VerificationFailure) in
                    try NetworkChangeList(parsing: bytes)
                } ?? NetworkChangeList([]))
            self = event.doubt.map { .invalid($0) } ?? .valid(event)
        } catch {
            self = .invalid(error)
        }
    }

    package var isValid: Bool {
        if case .valid = self { true } else { false }
    }

    /// The verdict in one sentence; the conformance verifier says the same of a valid receipt, word for
    /// word.
    package var sentence: String {
        switch self {
        case .valid(let event):
            "receipt is valid: event \(event.payload.id) (\(event.payload.type), \(event.payload.time)) by "
                + "\(event.submitter.name) is entry \(event.index) in a ledger of \(event.treeSize) of "
                + "\(event.checkpoint.checkpoint.origin), cosigned by "
                + event.cosigners.joined(separator: ", ")
        case .invalid(let failure): failure.description
        }
    }

    /// The verdict as one line of canonical JSON.
    package var json: String {
        switch self {
        case .valid(let event): Self.text(Self.json(of: event))
        case .invalid(let failure):
            Self.text([
                "code": .string(failure.code.rawValue), "part": .string(failure.part.rawValue),
                "sentence": .string(failure.sentence), "valid": false,
            ])
        }
    }

    private static func json(of event: VerifiedEvent) -> JSONValue {
        let cosigners = event.checkpoint.cosigners.map { cosigner -> JSONValue in
            ["name": .string(cosigner.name), "time": .string(cosigner.time.description)]
        }
        return [
            "cosigners": .array(cosigners), "event": .string(event.payload.id.description),
            "index": .number(JSONNumber(event.index)),
            "origin": .string(event.checkpoint.checkpoint.origin), "service": .string(event.submitter.name),
            "subject": .string(event.payload.subject.description),
            "time": .string(event.payload.time.description),
            "treeSize": .number(JSONNumber(event.treeSize)), "type": .string(event.payload.type),
            "valid": true,
        ]
    }

    private static func text(_ value: JSONValue) -> String {
        String(decoding: value.encoded(), as: UTF8.self)
    }
}
