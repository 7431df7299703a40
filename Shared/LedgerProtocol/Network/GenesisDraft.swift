import Cryptography
package import Model

/// The members of a genesis file before it is one; `genesis()` checks them and makes the file.
package struct GenesisDraft: Sendable {
    /// The short name of the network.
    package var network: String
    /// When the network is made.
    package var createdAt: Timestamp
    /// The organisations.
    package var organizations: [GenesisOrganization]
    /// The validators in the order of their indices.
    package var validators: [GenesisValidator]
    /// The services.
    package var services: [GenesisService]
    /// The policies.
    package var policies: GenesisPolicies
    /// The limits.
    package var limits: GenesisLimits

    /// Takes the members as they are.
    package init(
        network: String, createdAt: Timestamp, organizations: [GenesisOrganization],
        validators: [GenesisValidator], services: [GenesisService], policies: GenesisPolicies = .standard,
        limits: GenesisLimits = .standard
    ) {
        self.network = network
        self.createdAt = createdAt
        self.organizations = organizations
        self.validators = validators
        self.services = services
        self.policies = policies
        self.limits = limits
    }

    /// Makes the file and reads it back, so that what is written is what every process will accept.
    ///
    /// - Throws: `GenesisFault` that names the first member that is wrong.
    package func genesis() throws(GenesisFault) -> Genesis {
        let bytes: [UInt8]
        do throws(JSONError) { bytes = try json.canonicalBytes() } catch {
            throw GenesisFault(.notCanonical, "the genesis file has no canonical form: \(error)")
        }
        return try Genesis(parsing: bytes)
    }

    private var json: JSONValue {
        [
            "createdAt": .string(createdAt.description),
            "credentialIssuers": [],
            "format": .string(Genesis.format),
            "limits": [
                "blockBytesMax": .number(JSONNumber(limits.blockBytesMax)),
                "blockEntriesMax": .number(JSONNumber(limits.blockEntriesMax)),
                "proposalClockToleranceMilliseconds":
                    .number(JSONNumber(limits.proposalClockToleranceMilliseconds)),
                "submissionsAheadMax": .number(JSONNumber(limits.submissionsAheadMax)),
            ],
            "network": .string(network),
            "organizations": .array(organizations.map(Self.json(of:))),
            "policies": [
                "implicit": .string(policies.implicit),
                "registered": .array(policies.registered.map { .string($0) }),
            ],
            "services": .array(services.map(Self.json(of:))),
            "validators": .array(validators.map(Self.json(of:))),
        ]
    }

    private static func json(of organization: GenesisOrganization) -> JSONValue {
        [
            "id": .string(organization.id.description),
            "key": .string(Base64.encode(organization.key.bytes)),
            "name": .string(organization.name),
        ]
    }

    private static func json(of validator: GenesisValidator) -> JSONValue {
        [
            "consensusKey": .string(Base64.encode(validator.consensusKey.bytes)),
            "cosignatureKey": .string(Base64.encode(validator.cosignatureKey.bytes)),
            "logKey": .string(Base64.encode(validator.logKey.bytes)),
            "name": .string(validator.name),
            "organization": .string(validator.organization.description),
            "url": .string(validator.url),
        ]
    }

    private static func json(of service: GenesisService) -> JSONValue {
        var members = [
            JSONMember(name: "name", value: .string(service.name)),
            JSONMember(name: "organization", value: .string(service.organization.description)),
            JSONMember(name: "sealingKey", value: .string(Base64.encode(service.sealingKey.bytes))),
            JSONMember(name: "signingKey", value: .string(Base64.encode(service.signingKey.bytes))),
            JSONMember(name: "url", value: .string(service.url)),
        ]
        if let tokenKey = service.tokenKey {
            let key = JSONValue.string(Base64.encode(tokenKey.bytes))
            members.append(JSONMember(name: "tokenKey", value: key))
        }
        return .object(members)
    }
}
