package import Cryptography
package import Model

/// Names one version of a consent contract.
package struct ContractReference: Hashable, Sendable {
    /// The contract.
    package let id: ContractID
    /// The version: SHA-256 of the bytes that the patient signed.
    package let version: Digest

    /// Pairs a contract with a version.
    package init(id: ContractID, version: Digest) {
        self.id = id
        self.version = version
    }
}

/// The access token that `consent` issues for reads at `records`: one decision, final on the ledger.
package struct RecordAccessToken: Hashable, Sendable {
    /// How many contracts a token may name; more would not fit into ``JSONWebToken/compactBytesMax``.
    package static let contractCountMax = 16
    /// The code system of purposes of use.
    package static let purposeSystem = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

    /// The URL of the `consent` service.
    package let issuer: String
    /// The clinician who may read: `sub`.
    package let subject: ParticipantID
    /// The organisation for which the clinician acts.
    package let organization: ParticipantID
    /// The system through which the clinician reads: `act.sub`.
    package let actor: ParticipantID?
    /// The URL of the `records` service.
    package let audience: String
    /// The patient whose records may be read.
    package let patient: ParticipantID
    /// The permitted purposes, codes of v3-ActReason.
    package let purposes: [String]
    /// The FHIR resource types asked for; empty for all.
    package let resourceTypes: [String]
    /// The decision that permits.
    package let decision: EntryID
    /// The ledger index of the decision's entry.
    package let entryIndex: UInt64
    /// The contract versions that the decision was made from.
    package let contracts: [ContractReference]
    /// The URIs of the policies under which those contracts stand: `ihe_pcf.acp`.
    package let policies: [String]
    /// When it was issued, in whole seconds.
    package let issuedAt: Timestamp
    /// The end of its validity, in whole seconds and at most 300 after its issue.
    package let expiresAt: Timestamp
    /// The token's `jti`.
    package let id: String

    /// States a token that is to be signed; times are cut to whole seconds.
    package init(
        issuer: String, subject: ParticipantID, organization: ParticipantID, actor: ParticipantID?,
        audience: String, patient: ParticipantID, purposes: [String], resourceTypes: [String],
        decision: EntryID, entryIndex: UInt64, contracts: [ContractReference], policies: [String] = [],
        issuedAt: Timestamp, expiresAt: Timestamp, id: String
    ) {
        self.issuer = issuer
        self.subject = subject
        self.organization = organization
        self.actor = actor
        self.audience = audience
        self.patient = patient
        self.purposes = purposes
        self.resourceTypes = resourceTypes
        self.decision = decision
        self.entryIndex = entryIndex
        self.contracts = contracts
        self.policies = policies
        self.issuedAt = Timestamp(seconds: issuedAt.seconds)
        self.expiresAt = Timestamp(seconds: expiresAt.seconds)
        self.id = id
    }

    /// Signs the token with the issuer's token key.
    ///
    /// - Throws: `TokenRefusal.tooLong`, or `invalidClaim` when a list is longer than a receiver accepts.
    package func signed(by signer: Signer) throws(TokenRefusal) -> String {
        guard contracts.count <= Self.contractCountMax else { throw .invalidClaim("contracts") }
        return try JSONWebToken.sign(claims: claims, type: .accessToken, signer: signer)
    }

    /// Verifies a token with the issuer's token key from genesis.
    ///
    /// - Parameter issuer: the URL of `consent` in genesis.
    /// - Parameter audience: the URL of `records` in genesis.
    /// - Throws: `TokenRefusal`.
    package static func verify(
        token: JSONWebToken, key: PublicSigningKey, issuer: String, audience: String, now: Timestamp
    ) throws(TokenRefusal) -> RecordAccessToken {
        try token.verify(key: key, type: .accessToken)
        let reader = ClaimReader(token.claims)
        guard try reader.text("iss") == issuer else { throw .wrongIssuer }
        let validity = try reader.validity(audience: audience, now: now)
        guard let issuedAt = validity.issuedAt else { throw .missingClaim("iat") }
        let own = try reader.nested("consentry")
        guard let decision = EntryID(try own.text("decision")) else { throw .invalidClaim("decision") }
        let hasActor = reader.names.contains("act")
        let consents = try reader.nested("extensions").nested("ihe_pcf")
        let verified = RecordAccessToken(
            issuer: issuer, subject: try reader.participant("sub"),
            organization: try reader.participant("organization"),
            actor: hasActor ? try reader.nested("act").participant("sub") : nil, audience: audience,
            patient: try own.participant("patient"),
            purposes: try own.texts("purposes", count: 1...TokenLimits.listCountMax),
            resourceTypes: try own.texts("resource_types", count: 0...TokenLimits.listCountMax),
            decision: decision, entryIndex: try own.count("entry_index"), contracts: try contracts(in: own),
            policies: try consents.texts("acp", count: 0...TokenLimits.listCountMax), issuedAt: issuedAt,
            expiresAt: validity.expiresAt, id: validity.id)
        try verified.claims.requireSameClaims(as: token.claims)
        return verified
    }

    private static func contracts(in reader: ClaimReader) throws(TokenRefusal) -> [ContractReference] {
        var contracts: [ContractReference] = []
        for element in try reader.objects("contracts", countMax: contractCountMax) {
            guard let id = ContractID(try element.text("id")),
                let version = Digest(hex: try element.text("version"))
            else { throw .invalidClaim("contracts") }
            contracts.append(ContractReference(id: id, version: version))
        }
        return contracts
    }
}

extension RecordAccessToken {
    private var claims: JSONValue {
        .compact([
            ("iss", .string(issuer)), ("sub", .id(subject)), ("client_id", .id(actor ?? subject)),
            ("organization", .id(organization)), ("act", actor.map { ["sub": .id($0)] }),
            ("aud", .string(audience)), ("iat", .seconds(issuedAt)), ("exp", .seconds(expiresAt)),
            ("jti", .string(id)), ("consentry", decisionClaims), ("extensions", profileClaims),
        ])
    }

    private var decisionClaims: JSONValue {
        [
            "patient": .id(patient), "purposes": .array(purposes.map { .string($0) }),
            "resource_types": .array(resourceTypes.map { .string($0) }),
            "decision": .string(decision.description), "entry_index": .number(JSONNumber(entryIndex)),
            "contracts": .array(
                contracts.map { ["id": .string($0.id.description), "version": .string($0.version.hex)] }),
        ]
    }

    /// SPEC IHE IUA section 3.71.4.2.2.1 and IHE PCF section 3.71.4: what outsiders read.
    private var profileClaims: JSONValue {
        [
            "ihe_iua": [
                "subject_organization_id": .string("urn:uuid:\(organization)"),
                "purpose_of_use": .array(
                    purposes.map { ["system": .string(Self.purposeSystem), "code": .string($0)] }),
                "person_id": .string("urn:uuid:\(patient)"),
            ],
            "ihe_pcf": [
                "patient_id": .string("urn:uuid:\(patient)"),
                "doc_id": .array(contracts.map { .string("urn:uuid:\($0.id)") }),
                "acp": .array(policies.map { .string($0) }),
            ],
        ]
    }
}
