/// The ASCII texts put before what is signed, so that no signature means anything in another place.
package enum DomainTag {
    /// Submissions of entries, by service signing keys.
    package static let submission = [UInt8]("consentry/submission/v1\n".utf8)
    /// Proposals of blocks, by consensus keys.
    package static let proposal = [UInt8]("consentry/proposal/v1\n".utf8)
    /// Prevotes and precommits, by consensus keys.
    package static let vote = [UInt8]("consentry/vote/v1\n".utf8)
    /// Refusals of submissions, by consensus keys.
    package static let refusal = [UInt8]("consentry/refusal/v1\n".utf8)
    /// Heights that validators work on, by consensus keys.
    package static let status = [UInt8]("consentry/status/v1\n".utf8)
    /// Kafka records of domain topics, by service signing keys.
    package static let record = [UInt8]("consentry/record/v1\n".utf8)
    /// Enrolments, by their sponsor.
    package static let enrolment = [UInt8]("consentry/enrolment/v1\n".utf8)
    /// Enrolments, by the key that is enrolled.
    package static let possession = [UInt8]("consentry/possession/v1\n".utf8)
    /// Changes to the network, by organisation keys.
    package static let governance = [UInt8]("consentry/governance/v1\n".utf8)
    /// Consent contracts, by patients.
    package static let consent = [UInt8]("consentry/consent/v1\n".utf8)
}
