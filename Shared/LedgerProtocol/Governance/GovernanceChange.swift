import Cryptography
package import Model

/// One change to the network that a governance document makes.
package enum GovernanceChange: Hashable, Sendable {
    /// Another organisation takes part.
    case addOrganization(GenesisOrganization)
    /// An organisation without validators and services takes part no more.
    case removeOrganization(ParticipantID)
    /// An organisation gets another name or another key.
    case replaceOrganization(GenesisOrganization)
    /// A validator joins with the next index.
    case addValidator(GenesisValidator)
    /// A validator leaves; its index is never used again.
    case removeValidator(ValidatorIndex)
    /// A validator gets new keys: the old index leaves, the validator joins with the next one.
    case replaceValidator(ValidatorIndex, GenesisValidator)
    /// A service of the same organisation gets new keys or another address.
    case replaceService(GenesisService)
    /// A key that is over, or is replaced with this document, may have been another's since a time.
    case declareCompromise(KeyCompromise)
    /// Blocks get other limits.
    case setLimits(GenesisLimits)
    /// Other issuers of credentials are trusted.
    case setIssuers([CredentialIssuer])
    /// Other witnesses are asked to cosign.
    case setWitnesses([NetworkWitness])

    /// The change in words, for people who are asked to sign it.
    package var description: String {
        switch self {
        case .addOrganization(let organization): "add the organisation `\(organization.name)`"
        case .removeOrganization(let id): "remove the organisation `\(id)`"
        case .replaceOrganization(let organization):
            "let the organisation `\(organization.id)` be `\(organization.name)` with the key "
                + Base64.encode(organization.key.bytes)
        case .addValidator(let validator): "add the validator `\(validator.name)` at \(validator.url)"
        case .removeValidator(let index): "remove validator \(index)"
        case .replaceValidator(let index, let validator):
            "replace validator \(index) by `\(validator.name)` with new keys at \(validator.url)"
        case .replaceService(let service): "give the service `\(service.name)` new keys, at \(service.url)"
        case .declareCompromise(let compromise):
            "declare the key \(Base64.encode(compromise.key.bytes)) compromised since \(compromise.since)"
        case .setLimits(let limits):
            "limit blocks to \(limits.blockEntriesMax) entries and \(limits.blockBytesMax) bytes"
        case .setIssuers(let issuers): "trust \(issuers.count) issuers of credentials"
        case .setWitnesses(let witnesses): "ask \(witnesses.count) witnesses to cosign"
        }
    }

    private static let document = "governance document"
    private static let members = MemberReader(document: document)
    private static let indices = 0...Int(UInt16.max)

    /// Reads one change strictly, as governance documents write it.
    ///
    /// - Throws: `GovernanceFault` with `.malformed`.
    package init(json: JSONValue) throws(GovernanceFault) {
        do throws(GenesisFault) { self = try GovernanceChange(json, path: "change") } catch {
            throw GovernanceFault(.malformed, error.sentence)
        }
    }

    /// Reads one change strictly.
    init(_ value: JSONValue, path: String) throws(GenesisFault) {
        guard let name = value["change"]?.string else {
            throw .wrong("\(path).change", "the name of a change", in: Self.document)
        }
        switch name {
        case "addOrganization":
            let object = try Self.object(value, path, ["organization"])
            self = .addOrganization(
                try Self.members.organization(object.value("organization"), "\(path).organization"))
        case "removeOrganization":
            self = .removeOrganization(
                try Self.object(value, path, ["organization"]).participant("organization"))
        case "replaceOrganization":
            let object = try Self.object(value, path, ["organization"])
            self = .replaceOrganization(
                try Self.members.organization(object.value("organization"), "\(path).organization"))
        case "addValidator":
            let object = try Self.object(value, path, ["validator"])
            self = .addValidator(try Self.members.validator(object.value("validator"), "\(path).validator"))
        case "removeValidator":
            self = .removeValidator(try Self.index(Self.object(value, path, ["index"])))
        case "replaceValidator":
            let object = try Self.object(value, path, ["index", "validator"])
            self = .replaceValidator(
                try Self.index(object),
                try Self.members.validator(object.value("validator"), "\(path).validator"))
        case "replaceService":
            let object = try Self.object(value, path, ["service"])
            self = .replaceService(try Self.members.service(object.value("service"), "\(path).service"))
        case "declareCompromise":
            let object = try Self.object(value, path, ["key", "since"])
            self = .declareCompromise(
                KeyCompromise(key: try object.signingKey("key"), since: try object.time("since")))
        case "setLimits":
            let object = try Self.object(value, path, ["limits"])
            self = .setLimits(try Self.members.limits(object.value("limits"), "\(path).limits"))
        case "setIssuers":
            self = .setIssuers(
                try Self.object(value, path, ["issuers"]).elements("issuers", Self.members.issuer))
        case "setWitnesses":
            self = .setWitnesses(
                try Self.object(value, path, ["witnesses"]).elements("witnesses", Self.members.witness))
        default:
            throw .wrong("\(path).change", "the name of a change that this version knows", in: Self.document)
        }
    }

    /// The change as the document writes it.
    var json: JSONValue {
        switch self {
        case .addOrganization(let organization):
            ["change": "addOrganization", "organization": organization.json]
        case .removeOrganization(let id):
            ["change": "removeOrganization", "organization": .string(id.description)]
        case .replaceOrganization(let organization):
            ["change": "replaceOrganization", "organization": organization.json]
        case .addValidator(let validator): ["change": "addValidator", "validator": validator.json]
        case .removeValidator(let index): ["change": "removeValidator", "index": Self.json(of: index)]
        case .replaceValidator(let index, let validator):
            [
                "change": "replaceValidator", "index": Self.json(of: index), "validator": validator.json,
            ]
        case .replaceService(let service): ["change": "replaceService", "service": service.json]
        case .declareCompromise(let compromise):
            [
                "change": "declareCompromise", "key": .string(Base64.encode(compromise.key.bytes)),
                "since": .string(compromise.since.description),
            ]
        case .setLimits(let limits): ["change": "setLimits", "limits": limits.json]
        case .setIssuers(let issuers): ["change": "setIssuers", "issuers": .array(issuers.map(\.json))]
        case .setWitnesses(let witnesses):
            ["change": "setWitnesses", "witnesses": .array(witnesses.map(\.json))]
        }
    }

    private static func json(of index: ValidatorIndex) -> JSONValue {
        .number(JSONNumber(Int(index.value)))
    }

    private static func object(
        _ value: JSONValue, _ path: String, _ names: Set<String>
    ) throws(GenesisFault) -> StrictObject {
        try StrictObject(value, document: document, path: path, names: names.union(["change"]))
    }

    private static func index(_ object: StrictObject) throws(GenesisFault) -> ValidatorIndex {
        ValidatorIndex(UInt16(try object.integer("index", in: indices)))
    }
}
