package import Cryptography
package import Model
package import Tokens

/// The command to enrol a participant: an organisation vouches, and the enrolled key proves that it is held.
package struct EnrolParticipant: Sendable {
    /// The longest body of the request.
    package static let bodyBytesMax = 16_384

    /// What is enrolled.
    package let enrolment: Enrolment
    /// The enrolled key's signature; absent where no key is enrolled.
    package let possession: Signature?
    /// Who vouches.
    package let sponsor: ParticipantID
    /// The sponsor's signature.
    package let sponsorSignature: Signature

    /// Reads the body of `POST /enrolments`.
    ///
    /// - Throws: `EnrolmentRefusal`.
    package init(_ body: JSONValue) throws(EnrolmentRefusal) {
        let members = try MemberReader(body, named: "body")
        try members.allow(["enrolment", "possession", "sponsor"])
        enrolment = try Enrolment(try members.object("enrolment"))
        possession = try members.optionalSignature("possession")
        let sponsorMembers = try MemberReader(try members.object("sponsor"), named: "sponsor")
        try sponsorMembers.allow(["id", "signature"])
        guard let sponsor = ParticipantID(try sponsorMembers.text("id")) else {
            throw .malformed("sponsor.id")
        }
        guard let signature = try sponsorMembers.optionalSignature("signature") else {
            throw .missingMember("sponsor.signature")
        }
        self.sponsor = sponsor
        sponsorSignature = signature
    }

    /// Decides the command; changes nothing.
    ///
    /// Signatures are checked before anything is said of what the register holds.
    /// - Throws: `EnrolmentRefusal`.
    package func decide(
        _ facts: EnrolmentFacts, now: Timestamp
    ) throws(EnrolmentRefusal) -> EnrolmentDecision {
        try checkPossession(networkID: facts.networkID)
        try checkSponsor(facts)
        if let existing = facts.existing {
            guard existing.enrolmentMark == facts.enrolmentMark else { throw .participantEnrolledOtherwise }
            return .alreadyEnrolled(event: existing.event)
        }
        let ageMilliseconds = now.milliseconds - enrolment.issuedAt.milliseconds
        guard ageMilliseconds.magnitude <= UInt64(Enrolment.ageMillisecondsMax) else { throw .notIssuedNow }
        if let authority = enrolment.participant.authority {
            guard authority == facts.authority else { throw .unknownAuthority }
        }
        guard !facts.isKeyTaken else { throw .keyTaken }
        return .enrol(enrolment.participant)
    }

    private func checkPossession(networkID: Digest) throws(EnrolmentRefusal) {
        guard let key = enrolment.participant.signingKey else {
            guard possession == nil else { throw .unknownMember("possession") }
            return
        }
        guard let possession else { throw .missingMember("possession") }
        let statement = try? SignedStatement.possession(networkID: networkID, enrolment: enrolment.json)
        guard let statement, key.verifies(possession, of: statement) else { throw .wrongPossession }
    }

    private func checkSponsor(_ facts: EnrolmentFacts) throws(EnrolmentRefusal) {
        let key = try sponsorKey(facts)
        let statement = try? SignedStatement.enrolment(networkID: facts.networkID, enrolment: enrolment.json)
        guard let statement, key.verifies(sponsorSignature, of: statement) else {
            throw .wrongSponsorSignature
        }
        if case .participant(let participant) = facts.sponsor, !participant.isFinal { throw .sponsorPending }
    }

    private func sponsorKey(_ facts: EnrolmentFacts) throws(EnrolmentRefusal) -> PublicSigningKey {
        let participant = enrolment.participant
        switch facts.sponsor {
        case .unknown:
            throw .sponsorNotEntitled
        case .founder(let key):
            guard participant.kind == .organization else { throw .sponsorNotEntitled }
            // A founder's own id is for itself alone; another founder could otherwise speak in its name.
            guard !facts.isFounderID || participant.id == sponsor else { throw .sponsorNotEntitled }
            return key
        case .participant(let registered):
            guard participant.kind != .organization, registered.kind == .organization,
                participant.organization == registered.id, let key = registered.signingKey
            else { throw .sponsorNotEntitled }
            return key
        }
    }
}

/// What becomes of an enrolment.
package enum EnrolmentDecision: Hashable, Sendable {
    /// The participant is new: store it and its event.
    case enrol(EnrolledParticipant)
    /// The same enrolment was accepted before, by this event.
    case alreadyEnrolled(event: EntryID)
}

/// Says why an enrolment is refused; nothing has changed then.
package enum EnrolmentRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// A member is of the wrong form.
    case malformed(String)
    /// A needed member is absent.
    case missingMember(String)
    /// A member is stated that this enrolment does not have.
    case unknownMember(String)
    /// A key is no point on its curve that may be used.
    case unsoundKey(String)
    /// `possession` is not the enrolled key's signature.
    case wrongPossession
    /// The sponsor may not enrol this participant, or is not known.
    case sponsorNotEntitled
    /// The sponsor's signature does not verify.
    case wrongSponsorSignature
    /// The sponsor's own enrolment is not final yet.
    case sponsorPending
    /// `issuedAt` is too far from now.
    case notIssuedNow
    /// The authority is not the consent service of this network.
    case unknownAuthority
    /// The participant is enrolled already, with other content.
    case participantEnrolledOtherwise
    /// The signing key belongs to another participant.
    case keyTaken

    /// The refusal in words, with what to do next.
    package var description: String {
        switch self {
        case .malformed(let name): "`\(name)` has a wrong form; correct it"
        case .missingMember(let name): "`\(name)` is missing; state it"
        case .unknownMember(let name): "`\(name)` does not belong to this enrolment; leave it out"
        case .unsoundKey(let name): "`\(name)` is not a sound public key; make another key"
        case .wrongPossession:
            "`possession` does not verify; sign the canonical enrolment for this network with that key"
        case .sponsorNotEntitled:
            "sponsor may not enrol this participant; a founding organisation enrols organisations, "
                + "an enrolled organisation enrols its own members"
        case .wrongSponsorSignature:
            "signature of the sponsor does not verify; sign the canonical enrolment for this network"
        case .sponsorPending: "enrolment of the sponsor is not final yet; try again in a moment"
        case .notIssuedNow: "`issuedAt` is more than ten minutes away from now; make a new enrolment"
        case .unknownAuthority: "`authority` is not the consent service of this network; state its URL"
        case .participantEnrolledOtherwise: "participant is enrolled with other content; use a new id"
        case .keyTaken: "`signingKey` belongs to another participant; make another key"
        }
    }
}
