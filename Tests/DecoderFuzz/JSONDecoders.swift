import Cryptography
import LedgerFixtures
import LedgerProtocol
import Model

/// JSON and the documents that are written in it.
func jsonDecoders(_ examples: BinaryExamples) throws -> [Decoder] {
    let genesis = examples.network.genesis
    let compact = try TestNetwork(isCompact: true).genesis
    let events = try [0, 9_999].map { try examples.network.disclosure($0).bytes }
    let documents = jsonTexts.map(utf8) + events
    return [
        Decoder("json", examples: documents, read: readJSON),
        Decoder("json-bundle", examples: bundles.map(utf8), read: scanBundle),
        Decoder("canonical-number", examples: ["0", "1.5", "1e+21", "9007199254740992", "-5e-7"].map(utf8)) {
            bytes -> Decoder.Outcome in
            guard let value = try? JSONValue(parsing: bytes), value.number != nil else { return .refused }
            return readJSON(bytes)
        },
        Decoder("timestamp", examples: ["2026-11-22T19:00:00.000Z", "0000-02-29T23:59:59.999Z"].map(utf8)) {
            bytes -> Decoder.Outcome in
            guard let text = text(bytes), let time = Timestamp(text) else { return .refused }
            return Timestamp(time.description) == time ? .kept : .broken("its own text is another time")
        },
        Decoder("event-disclosure", examples: events) { (try? EventDisclosure(parsing: $0))?.bytes },
        Decoder("sealed-envelope", examples: [envelope]) { (try? SealedEnvelope(parsing: $0))?.bytes },
        Decoder("governance", examples: try examples.documents().map(\.bytes)) {
            (try? GovernanceDocument(parsing: $0))?.bytes
        },
        Decoder("network-changes", examples: [try examples.changes().json.encoded()]) {
            bytes -> Decoder.Outcome in
            guard let list = try? NetworkChangeList(parsing: bytes) else { return .refused }
            let again = try? NetworkChangeList(parsing: list.json.encoded())
            return again == list ? .kept : .broken("what it writes is another list")
        },
        Decoder("genesis", examples: [compact.bytes, genesis.bytes], share: .small) {
            // What was read is written anew, so that no member is passed over.
            guard let genesis = try? Genesis(parsing: $0) else { return nil }
            let draft = GenesisDraft(
                network: genesis.network, createdAt: genesis.createdAt, organizations: genesis.organizations,
                validators: genesis.validators, services: genesis.services,
                issuers: genesis.initial.members.issuers,
                policies: genesis.policies, limits: genesis.limits)
            return (try? draft.genesis())?.bytes
        },
    ]
}

/// Compact text and canonical form must read back as the same document, and the canonical form as itself.
private func readJSON(_ bytes: [UInt8]) -> Decoder.Outcome {
    guard let value = try? JSONValue(parsing: bytes) else { return .refused }
    guard (try? JSONValue(parsing: value.encoded())) == value else {
        return .broken("its compact text is another document")
    }
    guard let canonical = try? value.canonicalBytes() else { return .kept }
    guard let again = try? JSONValue(parsing: canonical), (try? again.canonicalBytes()) == canonical else {
        return .broken("its canonical form is not its own canonical form")
    }
    return .kept
}

/// Every range that is found holds one object, and the ranges ascend.
private func scanBundle(_ bytes: [UInt8]) -> Decoder.Outcome {
    let found = try? JSONScanner.elements(of: bytes, arrayNamed: "entry", memberNamed: "resource")
    guard let found else { return .refused }
    guard (try? JSONValue(parsing: bytes)) != nil else { return .broken("it is no document as a whole") }
    var end = 0
    for range in found {
        guard range.lowerBound >= end, range.upperBound <= bytes.count,
            (try? JSONValue(parsing: Array(bytes[range])))?.members != nil
        else { return .broken("a range does not hold an object") }
        end = range.upperBound
    }
    return .kept
}

private let jsonTexts = [
    "null", "[]", "{}", " {\"a\" : [1, -0.0, 1.50, 1e9, 1E-400], \"K\":\"\\u00e9\\ud834\\udd1e\\n\"} ",
    String(repeating: "[", count: 64) + String(repeating: "]", count: 64),
    "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":10,\"k\":11,"
        + "\"l\":12,\"m\":13,"
        + "\"n\":14,\"o\":15,\"p\":16,\"q\":17,\"r\":18,\"\u{e9}\":19,\"e\u{301}\":20}",
]

private let bundles = [
    "{\"entry\":[{\"resource\":{\"id\":\"1\"}},{\"request\":{}},{\"resource\": { } }],\"type\":\"batch\"}",
    "{}",
]

private let envelope: [UInt8] = {
    let recipients = [SHA256.hash([1]), SHA256.hash([2])].sorted().map { name in
        "{\"key\":\"\(Base64.encode([UInt8](repeating: 7, count: 80)))\",\"recipient\":\"\(name.hex)\"}"
    }
    let (ciphertext, nonce) = ([UInt8](repeating: 1, count: 40), [UInt8](repeating: 2, count: 24))
    return utf8(
        "{\"ciphertext\":\"\(Base64.encode(ciphertext))\",\"nonce\":\"\(Base64.encode(nonce))\","
            + "\"recipients\":["
            + recipients.joined(separator: ",") + "]}")
}()
