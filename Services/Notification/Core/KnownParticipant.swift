package import Tokens

/// What `identity` said of a participant, as far as notices name it.
package struct KnownParticipant: Hashable, Sendable {
    /// What the participant is.
    package let kind: ParticipantKind
    /// The name as people write it.
    package let name: String

    /// States what is known.
    package init(kind: ParticipantKind, name: String) {
        self.kind = kind
        self.name = name
    }

    /// Says what the view keeps of an enrolment; nil for patients, whom no notice names.
    package init?(_ enrolled: EnrolledParticipant) {
        guard enrolled.kind != .patient else { return nil }
        self.init(kind: enrolled.kind, name: enrolled.name)
    }
}
