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
    private static let members = MemberReader(document: "genesis file")

    static func draft(_ document: JSONValue) throws(GenesisFault) -> GenesisDraft {
        let top = try StrictObject(
            document, path: "",
            names: [
                "createdAt", "credentialIssuers", "format", "limits", "network", "organizations", "policies",
                "services", "validators",
            ])
        guard try top.text("format") == Genesis.format else { throw .wrong("format", "`\(Genesis.format)`") }
        let createdAt = try top.text("createdAt")
        guard let time = Timestamp(createdAt), time.description == createdAt else {
            throw .wrong("createdAt", "a time like `2026-11-22T19:00:00.000Z`")
        }
        return GenesisDraft(
            network: try top.text("network"), createdAt: time,
            organizations: try top.elements("organizations", members.organization),
            validators: try top.elements("validators", members.validator),
            services: try top.elements("services", members.service),
            issuers: try top.elements("credentialIssuers", members.issuer),
            policies: try policies(try top.value("policies")),
            limits: try members.limits(try top.value("limits"), "limits"))
    }

    private static func policies(_ value: JSONValue) throws(GenesisFault) -> GenesisPolicies {
        let object = try StrictObject(
            value, path: "policies", names: ["implicit", "registered"],
            optional: ["purposeSystems", "timeZone"])
        func text(_ value: JSONValue, _ path: String) throws(GenesisFault) -> String {
            guard let text = value.string else { throw .wrong(path, "a string") }
            return text
        }
        let zone = object.has("timeZone") ? try object.text("timeZone") : GenesisPolicies.timeZoneDefault
        return GenesisPolicies(
            implicit: try object.text("implicit"), registered: try object.elements("registered", text),
            purposeSystems: object.has("purposeSystems") ? try object.elements("purposeSystems", text) : [],
            timeZone: zone)
    }
}
