import Cryptography
import Model
import NotificationCore
import Testing
import Tokens

/// The words of notices: who, what, where, what for, and when.
@Suite struct NoticeWordingTests {
    private static let names: [ParticipantID: KnownParticipant] = [
        Cast.practitioner: KnownParticipant(kind: .practitioner, name: "Dr Ada Byron"),
        Cast.hospital: KnownParticipant(kind: .organization, name: "City Hospital"),
        Cast.custodian: KnownParticipant(kind: .organization, name: "General Hospital"),
        Cast.system: KnownParticipant(kind: .system, name: "City Records"),
    ]

    struct Case: Sendable, CustomTestStringConvertible {
        let kind: NoticeKind
        let data: JSONValue
        let words: String
        var testDescription: String { words }
    }

    static let accesses: [Case] = [
        Case(
            kind: .accessDecided, data: Cast.decision(),
            words: "Dr Ada Byron of City Hospital was permitted to read your records at General Hospital "
                + "for treatment, on 22 November 2026 at 19:00 UTC."),
        Case(
            kind: .accessDecided,
            data: Cast.decision(purposes: [("TREAT", "permit"), ("HRESCH", "deny")], system: Cast.system),
            words: "Dr Ada Byron of City Hospital was permitted to read your records at General Hospital "
                + "for treatment, and refused for research, through City Records, "
                + "on 22 November 2026 at 19:00 UTC."),
        Case(
            kind: .accessDecided, data: Cast.decision(effect: "deny", purposes: [("TREAT", "deny")]),
            words: "Dr Ada Byron of City Hospital asked to read your records at General Hospital "
                + "for treatment and was refused, on 22 November 2026 at 19:00 UTC."),
        Case(
            kind: .accessDecided, data: Cast.decision(purposes: [("XYZ", "permit")], actor: Cast.patient),
            words: "You were permitted to read your records at General Hospital for the purpose `XYZ`, "
                + "on 22 November 2026 at 19:00 UTC."),
        Case(
            kind: .accessDecided, data: Cast.decision(actor: Cast.stranger),
            words: "A participant whose name is not known here of City Hospital was permitted to read your "
                + "records at General Hospital for treatment, on 22 November 2026 at 19:00 UTC."),
        Case(
            kind: .accessDecided, data: [:],
            words: "Somebody asked to read your records and was refused, on 22 November 2026 at 19:00 UTC."),
        Case(
            kind: .accessDisclosed, data: Cast.disclosure(count: 3),
            words:
                "3 entries of your records at General Hospital were released to Dr Ada Byron of "
                + "City Hospital for treatment, on 22 November 2026 at 19:00 UTC."),
        Case(
            kind: .accessDisclosed, data: Cast.disclosure(count: 1),
            words:
                "One entry of your records at General Hospital was released to Dr Ada Byron of City Hospital "
                + "for treatment, on 22 November 2026 at 19:00 UTC."),
        Case(
            kind: .accessDisclosed, data: Cast.disclosure(count: 0),
            words:
                "Your records at General Hospital were searched, and nothing was released to Dr Ada Byron of "
                + "City Hospital for treatment, on 22 November 2026 at 19:00 UTC."),
        Case(
            kind: .accessRefused, data: Cast.disclosure(count: nil),
            words: "Dr Ada Byron of City Hospital tried to read your records at General Hospital "
                + "for treatment and was refused, on 22 November 2026 at 19:00 UTC."),
    ]

    static let consents: [Case] = [
        Case(
            kind: .consentGranted, data: Cast.consent(),
            words:
                "Your consent, given on 22 November 2026 at 19:00 UTC, is in force: it permits City Hospital "
                + "to read your records at General Hospital for treatment."),
        Case(
            kind: .consentRevoked, data: Cast.consent(),
            words: "Your consent that permits City Hospital to read your records at General Hospital "
                + "for treatment was revoked on 22 November 2026 at 19:00 UTC."),
        Case(
            kind: .consentGranted, data: Cast.consent(type: "deny", actors: [], hasExceptions: true),
            words: "Your consent, given on 22 November 2026 at 19:00 UTC, is in force: it forbids everybody "
                + "to read your records at General Hospital for treatment, with exceptions."),
        Case(
            kind: .consentDenied, data: Cast.consent(type: "deny"),
            words:
                "Your refusal, given on 22 November 2026 at 19:00 UTC, is in force: it forbids City Hospital "
                + "to read your records at General Hospital for treatment."),
        Case(
            kind: .consentDenied, data: ["document": "no Base64"],
            words: "Your refusal, given on 22 November 2026 at 19:00 UTC, is in force."),
        Case(
            kind: .consentRevoked, data: ["document": "no Base64"],
            words: "A consent of yours was revoked on 22 November 2026 at 19:00 UTC."),
        Case(
            kind: .consentGranted, data: [:],
            words: "Your consent, given on 22 November 2026 at 19:00 UTC, is in force."),
    ]

    @Test(arguments: accesses + consents)
    func eventIsPutIntoPlainWords(_ given: Case) {
        let notice = Notice(kind: given.kind, patient: Cast.patient, time: Cast.time, data: given.data)
        #expect(notice.summary(names: Self.names) == given.words)
        let asksForPatient = notice.participants.contains(Cast.patient)
        #expect(!asksForPatient)
    }

    @Test func longListsAreCounted() {
        let actors = (1...7).map { Cast.identifier("actor \($0)") as ParticipantID }
        let names = Dictionary(
            uniqueKeysWithValues: actors.enumerated().map {
                ($0.element, KnownParticipant(kind: .organization, name: "Clinic \($0.offset + 1)"))
            })
        let notice = Notice(
            kind: .consentGranted, patient: Cast.patient, time: Cast.time,
            data: Cast.consent(actors: actors, custodians: []))
        let words = notice.summary(names: names)
        let isCounted = words.contains("permits Clinic 1, Clinic 2, Clinic 3, Clinic 4 and 3 others to read")
        #expect(isCounted, "\(words)")
    }

    @Test(arguments: EventType.allCases)
    func everyTypeOfEventIsEitherNoticeOrNot(_ type: EventType) throws {
        let kind = NoticeKind(type)
        switch type {
        case .participantEnrolled, .recordsStored:
            #expect(kind == nil)
        case .consentGranted, .consentDenied, .consentRevoked, .accessDecided, .accessDisclosed,
            .accessRefused:
            let kind = try #require(kind)
            #expect(kind.rawValue == type.rawValue)
            #expect(kind.isForSubscribers == (type.topic == .accessEvents))
            let isOfProducer = kind.producer.topics.contains(type.topic)
            #expect(isOfProducer)
        }
    }
}
