import Cryptography
import Model

extension Genesis {
    /// Reads a genesis file strictly.
    ///
    /// - Throws: `GenesisFault` when the bytes are not canonical JSON, a member is missing, unknown or
    ///   wrong, a name, id
    ///   or key occurs twice, or an organisation is named that is not there.
    package init(parsing bytes: [UInt8]) throws(GenesisFault) {
        let document: JSONValue
        let canonical: [UInt8]
        do throws(JSONError) {
            document = try JSONValue(parsing: bytes, limits: JSONLimits(depthMax: 8, bytesMax: Self.bytesMax))
            canonical = try document.canonicalBytes()
        } catch {
            throw GenesisFault(.notCanonical, "the genesis file is not canonical JSON: \(error)")
        }
        guard canonical == bytes else {
            throw GenesisFault(.notCanonical, "the genesis file is not in the canonical form of RFC 8785")
        }
        let draft = try GenesisReader.draft(document)
        try GenesisRules.check(draft)
        self.init(draft, bytes: bytes)
    }
}

/// Reads the members of a genesis file, without judging how they fit together.
private enum GenesisReader {
    static func draft(_ document: JSONValue) throws(GenesisFault) -> GenesisDraft {
        let top = try StrictObject(
            document, path: "",
            names: [
                "createdAt", "credentialIssuers", "format", "limits", "network", "organizations", "policies",
                "services", "validators",
            ])
        guard try top.text("format") == Genesis.format else { throw .wrong("format", "`\(Genesis.format)`") }
        guard try top.array("credentialIssuers").isEmpty else {
            throw .wrong("credentialIssuers", "empty in this version")
        }
        let createdAt = try top.text("createdAt")
        guard let time = Timestamp(createdAt), time.description == createdAt else {
            throw .wrong("createdAt", "a time like `2026-11-22T19:00:00.000Z`")
        }
        return GenesisDraft(
            network: try top.text("network"), createdAt: time,
            organizations: try top.elements("organizations", organization),
            validators: try top.elements("validators", validator),
            services: try top.elements("services", service),
            policies: try policies(try top.value("policies")), limits: try limits(try top.value("limits")))
    }

    private static func organization(
        _ value: JSONValue, _ path: String
    ) throws(GenesisFault) -> GenesisOrganization {
        let object = try StrictObject(value, path: path, names: ["id", "key", "name"])
        return GenesisOrganization(
            id: try object.participant("id"), name: try object.text("name"), key: try object.signingKey("key")
        )
    }

    private static func validator(
        _ value: JSONValue, _ path: String
    ) throws(GenesisFault) -> GenesisValidator {
        let object = try StrictObject(
            value, path: path,
            names: ["consensusKey", "cosignatureKey", "logKey", "name", "organization", "url"])
        return GenesisValidator(
            name: try object.text("name"), organization: try object.participant("organization"),
            url: try object.url("url"), consensusKey: try object.signingKey("consensusKey"),
            cosignatureKey: try object.signingKey("cosignatureKey"), logKey: try object.signingKey("logKey"))
    }

    private static func service(_ value: JSONValue, _ path: String) throws(GenesisFault) -> GenesisService {
        let object = try StrictObject(
            value, path: path, names: ["name", "organization", "sealingKey", "signingKey", "url"],
            optional: "tokenKey")
        guard let name = ServiceName(rawValue: try object.text("name")) else {
            throw .wrong("\(path).name", "the name of a service of the suite")
        }
        let tokenKey = object.has("tokenKey") ? try object.signingKey("tokenKey") : nil
        let issuesTokens = name == .identity || name == .consent
        guard issuesTokens == (tokenKey != nil) else {
            throw .wrong("\(path).tokenKey", "there for `identity` and `consent`, and for no other service")
        }
        return GenesisService(
            service: name, organization: try object.participant("organization"), url: try object.url("url"),
            signingKey: try object.signingKey("signingKey"), sealingKey: try object.sealingKey("sealingKey"),
            tokenKey: tokenKey)
    }

    private static func policies(_ value: JSONValue) throws(GenesisFault) -> GenesisPolicies {
        let object = try StrictObject(value, path: "policies", names: ["implicit", "registered"])
        return GenesisPolicies(
            implicit: try object.text("implicit"),
            registered: try object.elements("registered") { (value, path) throws(GenesisFault) in
                guard let text = value.string else { throw .wrong(path, "a string") }
                return text
            })
    }

    private static func limits(_ value: JSONValue) throws(GenesisFault) -> GenesisLimits {
        let object = try StrictObject(
            value, path: "limits",
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

/// An object that has exactly the members that its format names.
private struct StrictObject {
    let path: String
    let value: JSONValue

    init(
        _ value: JSONValue, path: String, names: Set<String>, optional: String? = nil
    ) throws(GenesisFault) {
        self.value = value
        self.path = path
        guard let members = value.members else {
            throw GenesisFault(.wrongMembers, "`\(path)` of the genesis file must be an object")
        }
        for member in members where !names.contains(member.name) && member.name != optional {
            throw GenesisFault(
                .wrongMembers, "the genesis file has the unknown member `\(place(member.name))`; remove it")
        }
        for name in names.sorted() where value[name] == nil {
            throw GenesisFault(.wrongMembers, "the genesis file lacks the member `\(place(name))`; add it")
        }
    }

    func has(_ name: String) -> Bool { value[name] != nil }

    func value(_ name: String) throws(GenesisFault) -> JSONValue {
        guard let member = value[name] else {
            throw GenesisFault(.wrongMembers, "the genesis file lacks the member `\(place(name))`; add it")
        }
        return member
    }

    func text(_ name: String) throws(GenesisFault) -> String {
        guard let text = try value(name).string else { throw .wrong(place(name), "a string") }
        return text
    }

    func array(_ name: String) throws(GenesisFault) -> [JSONValue] {
        guard let elements = try value(name).array else { throw .wrong(place(name), "an array") }
        return elements
    }

    func elements<Element>(
        _ name: String, _ read: (JSONValue, String) throws(GenesisFault) -> Element
    ) throws(GenesisFault) -> [Element] {
        var elements: [Element] = []
        for (index, element) in try array(name).enumerated() {
            elements.append(try read(element, "\(place(name))[\(index)]"))
        }
        return elements
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(GenesisFault) -> Int {
        guard let number = try value(name).int64, let integer = Int(exactly: number), range.contains(integer)
        else { throw .wrong(place(name), "a number from \(range.lowerBound) to \(range.upperBound)") }
        return integer
    }

    func participant(_ name: String) throws(GenesisFault) -> ParticipantID {
        guard let id = ParticipantID(try text(name)) else { throw .wrong(place(name), "a lower-case UUID") }
        return id
    }

    func signingKey(_ name: String) throws(GenesisFault) -> PublicSigningKey {
        guard let bytes = Base64.decode(try text(name)), let key = try? PublicSigningKey(bytes) else {
            throw .wrong(place(name), "the Base64 of an Ed25519 public key")
        }
        return key
    }

    func sealingKey(_ name: String) throws(GenesisFault) -> PublicSealingKey {
        guard let bytes = Base64.decode(try text(name)), let key = try? PublicSealingKey(bytes) else {
            throw .wrong(place(name), "the Base64 of an X25519 public key")
        }
        return key
    }

    func url(_ name: String) throws(GenesisFault) -> String {
        let url = try text(name)
        guard GenesisRules.isBaseURL(url) else {
            throw .wrong(place(name), "an http or https URL without query, fragment and slash at the end")
        }
        return url
    }

    private func place(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
}
