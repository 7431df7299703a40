package import Model

/// What an event tells its patient, before names are put to the ids.
package struct Notice: Sendable {
    /// What the event says, as far as a notice needs it.
    enum Content: Sendable {
        case access(AccessStatement)
        case consent(ConsentTerms?)
    }

    /// Which event it is.
    package let kind: NoticeKind
    /// The patient to whom it speaks.
    package let patient: ParticipantID
    /// When the event's service accepted it.
    package let time: Timestamp
    let content: Content

    /// Reads an event; what its data lack, the words leave out, so that no event goes without a notice.
    package init(kind: NoticeKind, patient: ParticipantID, time: Timestamp, data: JSONValue) {
        self.kind = kind
        self.patient = patient
        self.time = time
        switch kind {
        case .accessDecided: content = .access(AccessStatement(decided: data))
        case .accessDisclosed, .accessRefused: content = .access(AccessStatement(attempted: data))
        case .consentGranted, .consentDenied, .consentRevoked:
            content = .consent(ConsentTerms(eventData: data))
        }
    }

    /// Everybody whose name the words need, but for the patient, who is "you".
    package var participants: Set<ParticipantID> {
        let named =
            switch content {
            case .access(let access):
                [access.reader, access.organization, access.system, access.custodian].compactMap { $0 }
            case .consent(let terms): (terms?.actors ?? []) + (terms?.custodians ?? [])
            }
        return Set(named).subtracting([patient])
    }
}

/// Who asked for or received records, where, and what for.
struct AccessStatement: Hashable, Sendable {
    let reader: ParticipantID?
    let organization: ParticipantID?
    let system: ParticipantID?
    let custodian: ParticipantID?
    /// The purposes permitted by a decision, or the purpose of a disclosure or refusal.
    let purposes: [String]
    /// The purposes that a decision refused.
    let refusedPurposes: [String]
    let isPermitted: Bool
    /// How many resources were released; nil where the event does not say.
    let count: Int64?

    /// Reads the data of a decision.
    init(decided data: JSONValue) {
        var permitted: [String] = []
        var refused: [String] = []
        for element in data["purposes"]?.array ?? [] {
            guard let code = element["purpose"]?.string else { continue }
            if element["effect"]?.string == Self.permit {
                permitted.append(code)
            } else {
                refused.append(code)
            }
        }
        reader = Self.participant("actor", in: data)
        organization = Self.participant("actingFor", in: data)
        system = Self.participant("system", in: data)
        custodian = Self.participant("custodian", in: data)
        purposes = permitted
        refusedPurposes = refused
        isPermitted = data["effect"]?.string == Self.permit
        count = nil
    }

    /// Reads the data of a disclosure, or of a refusal by the custodian's records.
    init(attempted data: JSONValue) {
        reader = Self.participant("recipient", in: data)
        organization = Self.participant("recipientOrganization", in: data)
        system = Self.participant("system", in: data)
        custodian = Self.participant("custodian", in: data)
        purposes = data["purpose"]?.string.map { [$0] } ?? []
        refusedPurposes = []
        isPermitted = true
        count = data["count"]?.int64 ?? data["resources"]?.array.map { Int64($0.count) }
    }

    private static let permit = "permit"

    private static func participant(_ name: String, in data: JSONValue) -> ParticipantID? {
        data[name]?.string.flatMap { ParticipantID($0) }
    }
}
