import Cryptography
import Model

/// Reads the members of a network as the genesis file and governance documents write them.
struct MemberReader {
    /// Which file it is, for people.
    let document: String

    func organization(
        _ value: JSONValue, _ path: String
    ) throws(GenesisFault) -> GenesisOrganization {
        let object = try StrictObject(value, document: document, path: path, names: ["id", "key", "name"])
        return GenesisOrganization(
            id: try object.participant("id"), name: try object.text("name"), key: try object.signingKey("key")
        )
    }

    func validator(
        _ value: JSONValue, _ path: String
    ) throws(GenesisFault) -> GenesisValidator {
        let object = try StrictObject(
            value, document: document, path: path,
            names: ["consensusKey", "cosignatureKey", "logKey", "name", "organization", "url"])
        return GenesisValidator(
            name: try object.text("name"), organization: try object.participant("organization"),
            url: try object.url("url"), consensusKey: try object.signingKey("consensusKey"),
            cosignatureKey: try object.signingKey("cosignatureKey"), logKey: try object.signingKey("logKey"))
    }

    func service(_ value: JSONValue, _ path: String) throws(GenesisFault) -> GenesisService {
        let object = try StrictObject(
            value, document: document, path: path,
            names: ["name", "organization", "sealingKey", "signingKey", "url"],
            optional: ["tokenKey"])
        guard let name = ServiceName(rawValue: try object.text("name")) else {
            throw object.wrong("name", "the name of a service of the suite")
        }
        let tokenKey = object.has("tokenKey") ? try object.signingKey("tokenKey") : nil
        let issuesTokens = name == .identity || name == .consent
        guard issuesTokens == (tokenKey != nil) else {
            throw object.wrong("tokenKey", "there for `identity` and `consent`, and for no other service")
        }
        return GenesisService(
            service: name, organization: try object.participant("organization"), url: try object.url("url"),
            signingKey: try object.signingKey("signingKey"), sealingKey: try object.sealingKey("sealingKey"),
            tokenKey: tokenKey)
    }

    func issuer(_ value: JSONValue, _ path: String) throws(GenesisFault) -> CredentialIssuer {
        let object = try StrictObject(value, document: document, path: path, names: ["id", "key"])
        return CredentialIssuer(id: try object.text("id"), key: try object.signingKey("key"))
    }

    func witness(_ value: JSONValue, _ path: String) throws(GenesisFault) -> NetworkWitness {
        let object = try StrictObject(value, document: document, path: path, names: ["url", "vkey"])
        return NetworkWitness(vkey: try object.text("vkey"), url: try object.url("url"))
    }

    func limits(_ value: JSONValue, _ path: String) throws(GenesisFault) -> GenesisLimits {
        let object = try StrictObject(
            value, document: document, path: path,
            names: [
                "blockBytesMax", "blockEntriesMax", "proposalClockToleranceMilliseconds",
                "submissionsAheadMax",
            ])
        return GenesisLimits(
            blockEntriesMax: try object.integer("blockEntriesMax", in: 1_025...65_535),
            blockBytesMax: try object.integer("blockBytesMax", in: 200_000...ProtocolLimits.recordBytesMax),
            submissionsAheadMax: try object.integer("submissionsAheadMax", in: 1...1_024),
            proposalClockToleranceMilliseconds: try object.integer(
                "proposalClockToleranceMilliseconds", in: 1...3_600_000))
    }
}
