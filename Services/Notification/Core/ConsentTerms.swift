import Cryptography
import Model

/// The root rule of a signed FHIR Consent, as far as a notice tells it.
struct ConsentTerms: Hashable, Sendable {
    let isPermit: Bool
    /// Whom the rule names; empty when it speaks of everybody.
    let actors: [ParticipantID]
    /// Whether it names somebody by anything but a reference to a participant.
    let namesOthers: Bool
    let custodians: [ParticipantID]
    let purposes: [String]
    /// Whether nested rules make exceptions from the root rule.
    let hasExceptions: Bool

    /// Reads the document inside an event's data; nil when it has no root rule that can be told in a
    /// sentence.
    init?(eventData: JSONValue) {
        guard let bytes = eventData["document"]?.string.flatMap({ Base64.decode($0) }),
            let document = try? JSONValue(parsing: bytes), let rule = document["provision"]
        else { return nil }
        switch rule["type"]?.string {
        case "permit": isPermit = true
        case "deny": isPermit = false
        default: return nil
        }
        let actors = rule["actor"]?.array ?? []
        self.actors = actors.compactMap { Self.participant($0["reference"]) }
        namesOthers = self.actors.count < actors.count
        custodians = (document["organization"]?.array ?? []).compactMap { Self.participant($0) }
        purposes = (rule["purpose"]?.array ?? []).compactMap { $0["code"]?.string }
        hasExceptions = !(rule["provision"]?.array ?? []).isEmpty
    }

    /// Reads a reference such as `Organization/<id>`.
    private static func participant(_ reference: JSONValue?) -> ParticipantID? {
        guard let text = reference?["reference"]?.string, let slash = text.lastIndex(of: "/") else {
            return nil
        }
        return ParticipantID(String(text[text.index(after: slash)...]))
    }
}
