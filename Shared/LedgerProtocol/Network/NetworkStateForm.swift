import Cryptography
package import Model

extension NetworkState {
    /// The value of the member `format`.
    package static let format = "consentry-network-state-v1"

    /// The state as JSON, as `GET /network` shows it and as its hash covers it.
    package var json: JSONValue {
        Self.json(networkID: networkID, network: network, members: members)
    }

    static func hash(networkID: NetworkID, network: String, members: NetworkMembers) -> Digest {
        let json = json(networkID: networkID, network: network, members: members)
        // INVARIANT: every member was read from canonical JSON or checked as one that has a canonical form.
        guard let bytes = try? json.canonicalBytes() else {
            preconditionFailure("a network state has no canonical form")
        }
        return SHA256.hash(bytes)
    }

    private static func json(
        networkID: NetworkID, network: String, members: NetworkMembers
    ) -> JSONValue {
        let validators = members.validators.map { validator -> JSONValue in
            [
                "index": .number(JSONNumber(Int(validator.index.value))),
                "validator": validator.member.json,
            ]
        }
        var state = [
            JSONMember(name: "format", value: .string(format)),
            JSONMember(name: "issuers", value: .array(members.issuers.map(\.json))),
            JSONMember(name: "limits", value: members.limits.json),
            JSONMember(name: "network", value: .string(network)),
            JSONMember(name: "networkId", value: .string(networkID.hex)),
            JSONMember(
                name: "nextValidatorIndex",
                value: .number(JSONNumber(Int(members.nextValidatorIndex.value)))),
            JSONMember(name: "organizations", value: .array(members.organizations.map(\.json))),
            JSONMember(
                name: "retiredKeys",
                value: .array(members.retiredKeys.map { .string(Base64.encode($0.bytes)) })),
            JSONMember(name: "services", value: .array(members.services.map(\.json))),
            JSONMember(name: "validators", value: .array(validators)),
            JSONMember(name: "witnesses", value: .array(members.witnesses.map(\.json))),
        ]
        // A network of which no key was ever compromised has the form of the first version.
        if !members.compromises.isEmpty {
            state.append(
                JSONMember(name: "compromisedKeys", value: .array(members.compromises.map(\.json))))
        }
        return .object(state)
    }
}

extension GenesisOrganization {
    /// The organisation as the genesis file writes it.
    package var json: JSONValue {
        [
            "id": .string(id.description), "key": .string(Base64.encode(key.bytes)), "name": .string(name),
        ]
    }
}

extension GenesisValidator {
    /// The validator as the genesis file writes it.
    package var json: JSONValue {
        [
            "consensusKey": .string(Base64.encode(consensusKey.bytes)),
            "cosignatureKey": .string(Base64.encode(cosignatureKey.bytes)),
            "logKey": .string(Base64.encode(logKey.bytes)),
            "name": .string(name),
            "organization": .string(organization.description),
            "url": .string(url),
        ]
    }
}

extension GenesisService {
    /// The service as the genesis file writes it.
    package var json: JSONValue {
        var members = [
            JSONMember(name: "name", value: .string(name)),
            JSONMember(name: "organization", value: .string(organization.description)),
            JSONMember(name: "sealingKey", value: .string(Base64.encode(sealingKey.bytes))),
            JSONMember(name: "signingKey", value: .string(Base64.encode(signingKey.bytes))),
            JSONMember(name: "url", value: .string(url)),
        ]
        if let tokenKey {
            let key = JSONValue.string(Base64.encode(tokenKey.bytes))
            members.append(JSONMember(name: "tokenKey", value: key))
        }
        return .object(members)
    }
}

extension GenesisLimits {
    /// The limits as the genesis file writes them.
    package var json: JSONValue {
        [
            "blockBytesMax": .number(JSONNumber(blockBytesMax)),
            "blockEntriesMax": .number(JSONNumber(blockEntriesMax)),
            "proposalClockToleranceMilliseconds": .number(JSONNumber(proposalClockToleranceMilliseconds)),
            "submissionsAheadMax": .number(JSONNumber(submissionsAheadMax)),
        ]
    }
}

extension CredentialIssuer {
    /// The issuer as governance documents write it.
    package var json: JSONValue { ["id": .string(id), "key": .string(Base64.encode(key.bytes))] }
}

extension NetworkWitness {
    /// The witness as governance documents write it.
    package var json: JSONValue { ["url": .string(url), "vkey": .string(vkey)] }
}
