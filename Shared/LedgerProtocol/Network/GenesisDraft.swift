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
    /// The issuers of credentials that are trusted from the start.
    package var issuers: [CredentialIssuer]
    /// The policies.
    package var policies: GenesisPolicies
    /// The limits.
    package var limits: GenesisLimits

    /// Takes the members as they are.
    package init(
        network: String, createdAt: Timestamp, organizations: [GenesisOrganization],
        validators: [GenesisValidator], services: [GenesisService], issuers: [CredentialIssuer] = [],
        policies: GenesisPolicies = .standard, limits: GenesisLimits = .standard
    ) {
        self.network = network
        self.createdAt = createdAt
        self.organizations = organizations
        self.validators = validators
        self.services = services
        self.issuers = issuers
        self.policies = policies
        self.limits = limits
    }

    /// What of the file governance may change later.
    var members: NetworkMembers {
        NetworkMembers(
            organizations: organizations,
            validators: validators.enumerated().map { place, validator in
                NetworkValidator(index: ValidatorIndex(UInt16(place)), member: validator)
            },
            nextValidatorIndex: ValidatorIndex(UInt16(validators.count)), services: services,
            issuers: issuers,
            witnesses: [], limits: limits, retiredKeys: [], compromises: [])
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
            "credentialIssuers": .array(issuers.map(\.json)),
            "format": .string(Genesis.format),
            "limits": limits.json,
            "network": .string(network),
            "organizations": .array(organizations.map(\.json)),
            "policies": policies.json,
            "services": .array(services.map(\.json)),
            "validators": .array(validators.map(\.json)),
        ]
    }
}

extension GenesisPolicies {
    /// What has its default is left out, as it was before there was a choice.
    fileprivate var json: JSONValue {
        var members = [
            JSONMember(name: "implicit", value: .string(implicit)),
            JSONMember(name: "registered", value: .array(registered.map { .string($0) })),
        ]
        if !purposeSystems.isEmpty {
            members.append(
                JSONMember(name: "purposeSystems", value: .array(purposeSystems.map { .string($0) })))
        }
        if timeZone != Self.timeZoneDefault {
            members.append(JSONMember(name: "timeZone", value: .string(timeZone)))
        }
        return .object(members)
    }
}
