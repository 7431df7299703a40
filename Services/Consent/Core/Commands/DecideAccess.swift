package import ConsentEngine
package import Cryptography
package import Model
package import Tokens

/// The kind of thing that makes a repeated request one request; never instantiated.
package enum IdempotencyKeyKind {}

/// The number by which a client marks repetitions of one request.
package typealias IdempotencyKey = Identifier<IdempotencyKeyKind>

/// Whom and what a deployment of this service trusts, from genesis.
package struct AccessAuthority: Sendable {
    /// The URL of this service: issuer of its tokens and audience of what is sent to it.
    package let issuer: String
    /// The URL of `identity`.
    package let identityIssuer: String
    /// The key of identity tokens.
    package let identityKey: PublicSigningKey
    /// The URL of `records`, for which tokens are made.
    package let records: String

    /// States whom to trust.
    package init(issuer: String, identityIssuer: String, identityKey: PublicSigningKey, records: String) {
        self.issuer = issuer
        self.identityIssuer = identityIssuer
        self.identityKey = identityKey
        self.records = records
    }
}

/// The command to decide an access request: a token exchange with the request in `authorization_details`.
package struct DecideAccess: Sendable {
    /// The longest body: an assertion and a subject token of the longest form, the details, percent-encoded.
    package static let bodyBytesMax = 49_152

    /// What the client offers as its authentication.
    package let credential: ClientCredential
    /// Marks repetitions of this request.
    package let idempotencyKey: IdempotencyKey?
    private let subjectToken: String
    private let details: String

    /// Reads the form of `POST /token` and the header `Idempotency-Key`.
    ///
    /// - Throws: `AccessRefusal`.
    package init(
        form: [String: String], idempotencyKey: String?, authority: AccessAuthority
    ) throws(AccessRefusal) {
        guard let grantType = form["grant_type"] else { throw .missingParameter("grant_type") }
        guard grantType == OAuth.GrantType.tokenExchange.rawValue else { throw .unsupportedGrantType }
        guard let subjectToken = form["subject_token"] else { throw .missingParameter("subject_token") }
        guard let type = form["subject_token_type"] else { throw .missingParameter("subject_token_type") }
        guard type == OAuth.accessTokenType else { throw .wrongParameter("subject_token_type") }
        guard form["actor_token"] == nil else { throw .wrongParameter("actor_token") }
        guard let details = form["authorization_details"] else {
            throw .missingParameter("authorization_details")
        }
        guard let resource = form["resource"] else { throw .missingParameter("resource") }
        guard resource == authority.records else { throw .unknownResource }
        if let idempotencyKey {
            guard let key = IdempotencyKey(idempotencyKey) else { throw .malformedIdempotencyKey }
            self.idempotencyKey = key
        } else {
            self.idempotencyKey = nil
        }
        do throws(TokenRefusal) { credential = try ClientCredential(form: form) } catch {
            throw .clientNotAuthenticated(error)
        }
        self.subjectToken = subjectToken
        self.details = details
    }

    /// Verifies the client's assertion; the caller uses it up in the transaction that read the client.
    ///
    /// - Throws: `AccessRefusal`.
    package func authenticate(
        client: KnownParticipant?, authority: AccessAuthority, now: Timestamp
    ) throws(AccessRefusal) -> ClientAssertion {
        guard let client, client.id == credential.claimedClientID, let key = client.signingKey else {
            throw .unknownClient
        }
        do throws(TokenRefusal) {
            return try ClientAssertion.verify(
                token: credential.token, key: key, audience: authority.issuer + OAuth.tokenPath, now: now)
        } catch {
            throw .clientNotAuthenticated(error)
        }
    }

    /// Verifies the subject token and reads the request; nothing is decided yet.
    ///
    /// - Throws: `AccessRefusal`.
    package func request(
        by client: ClientAssertion, authority: AccessAuthority, now: Timestamp
    ) throws(AccessRefusal) -> AccessRequest {
        let token: IdentityToken
        do throws(TokenRefusal) {
            token = try IdentityToken.verify(
                token: JSONWebToken(parsing: subjectToken), key: authority.identityKey,
                issuer: authority.identityIssuer, audience: authority.issuer, now: now)
        } catch {
            throw .subjectTokenRefused(error)
        }
        guard token.clientID == client.clientID else { throw .foreignSubjectToken }
        guard token.subjectKind == .practitioner, let organization = token.organization else {
            throw .subjectNotPractitioner
        }
        let details: RecordAccessDetails
        do throws(RecordAccessDetailsRefusal) {
            details = try RecordAccessDetails(parsing: self.details)
        } catch {
            throw .detailsRefused(error)
        }
        var purposes: [PurposeCode] = []
        for code in details.purposes {
            guard let purpose = PurposeCode(code: code) else { throw .unknownPurpose }
            purposes.append(purpose)
        }
        return AccessRequest(
            client: client.clientID, practitioner: token.subject, organization: organization,
            system: token.actor, details: details, purposes: purposes)
    }
}

/// A verified access request: who asks, through which system, for whom, for what.
package struct AccessRequest: Hashable, Sendable {
    /// Who authenticated itself.
    package let client: ParticipantID
    /// The clinician who asks.
    package let practitioner: ParticipantID
    /// The organisation for which the clinician acts in this request.
    package let organization: ParticipantID
    /// The system through which the clinician asks; nil when there is none.
    package let system: ParticipantID?
    /// Whose records, where, for what.
    package let details: RecordAccessDetails
    /// The purposes, in the order of the request.
    package let purposes: [PurposeCode]

    /// SHA-256 over everything that makes this request the same as another one.
    package var digest: Digest {
        let value: JSONValue = [
            "details": details.json, "organization": .string(organization.description),
            "practitioner": .string(practitioner.description),
            "system": system.map { .string($0.description) } ?? .null,
        ]
        return SHA256.hash(value.encoded())
    }

    /// Decides the request; a pure function of its arguments.
    ///
    /// - Parameter id: random; the id of the decision, its event and its ledger entry.
    package func decide(_ facts: AccessFacts, id: EntryID, now: Timestamp) -> AccessDecision {
        let counting = facts.isKnown ? facts.contracts.filter { $0.standing != nil } : []
        // An unknown patient is decided like one without contracts whose custodian permits nothing by policy.
        let decision = ConsentEvaluator.decide(
            Self.facts(
                patient: details.patient, practitioner: practitioner, organization: organization,
                custodian: details.custodian, purposes: purposes, now: now),
            contracts: counting.compactMap(\.standing),
            policies: facts.isKnown ? facts.policies : DecisionPolicies(.denyAll))
        return AccessDecision(
            id: id, request: self, decision: decision, contracts: counting, decidedAt: now)
    }

    static func facts(
        patient: ParticipantID, practitioner: ParticipantID, organization: ParticipantID,
        custodian: ParticipantID, purposes: [PurposeCode], now: Timestamp
    ) -> AccessRequestFacts {
        AccessRequestFacts(
            patient: "Patient/\(patient)", actor: "Practitioner/\(practitioner)",
            actingFor: ["Organization/\(organization)"], custodian: ["Organization/\(custodian)"],
            purposes: purposes, atMilliseconds: now.milliseconds)
    }
}
