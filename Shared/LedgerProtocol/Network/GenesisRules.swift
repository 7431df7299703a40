import Cryptography
import Model
import TransparencyLog

/// The rules that the members of a genesis file keep among each other.
enum GenesisRules {
    /// The most bytes of the name of a network, an organisation or a validator.
    private static let nameBytesMax = 200
    private static let urlBytesMax = 500

    static func check(_ draft: GenesisDraft) throws(GenesisFault) {
        guard isNetworkName(draft.network) else {
            throw .wrong("network", "1 to 32 of a–z, 0–9 and hyphen")
        }
        guard isVisibleASCII(draft.policies.implicit), draft.policies.registered.allSatisfy(isVisibleASCII),
            draft.policies.registered.contains(draft.policies.implicit)
        else { throw .wrong("policies", "URIs, the implicit one among the registered") }
        guard draft.policies.purposeSystems.allSatisfy(isVisibleASCII) else {
            throw .wrong("policies.purposeSystems", "URIs")
        }
        guard isZoneName(draft.policies.timeZone) else {
            throw .wrong("policies.timeZone", "the name of an IANA time zone, such as `Europe/Berlin`")
        }
        guard draft.validators.count <= ProtocolLimits.validatorsMax else {
            throw .wrong("validators", "1 to \(ProtocolLimits.validatorsMax)")
        }
        let distinct = Distinct(document: "genesis file")
        try distinct.check(draft.policies.registered, "policy")
        try distinct.check(draft.policies.purposeSystems, "code system")
        try check(draft.members, network: draft.network, document: "genesis file")
    }

    /// SPEC tz "Theory and pragmatics": parts of letters, digits, `+`, `-` and `_`, so none climbs out of a
    /// folder.
    private static func isZoneName(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return (1...3).contains(parts.count)
            && parts.allSatisfy { part in
                (1...32).contains(part.count)
                    && part.allSatisfy { byte in
                        switch byte {
                        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "+"), UInt8(ascii: "-"),
                            UInt8(ascii: "_"):
                            true
                        default: false
                        }
                    }
            }
    }

    /// Checks what holds of a network at every height, at first and after each change.
    static func check(
        _ members: NetworkMembers, network: String, document: String
    ) throws(GenesisFault) {
        guard !members.organizations.isEmpty else {
            throw .wrong("organizations", "one or more", in: document)
        }
        guard (1...ProtocolLimits.validatorsMax).contains(members.validators.count) else {
            throw .wrong("validators", "1 to \(ProtocolLimits.validatorsMax)", in: document)
        }
        guard !members.services.isEmpty else { throw .wrong("services", "one or more", in: document) }
        for organization in members.organizations where !isName(organization.name) {
            throw .wrong(
                "organizations.name", "1 to \(nameBytesMax) bytes without control characters", in: document)
        }
        for validator in members.validators where !isKeyName(validator.member.name) {
            throw .wrong(
                "validators.name", "1 to \(nameBytesMax) visible ASCII characters without `+`", in: document)
        }
        for issuer in members.issuers where !isVisibleASCII(issuer.id) {
            throw .wrong("issuers.id", "a URI", in: document)
        }
        for witness in members.witnesses
        where (try? NoteVerifierKey(vkey: witness.vkey))?.kind != .cosignature {
            throw .wrong("witnesses.vkey", "the vkey of a C2SP cosigner, type 0x04", in: document)
        }
        try checkReferences(members, document: document)
        try checkDistinct(members, network: network, document: document)
    }

    private static func checkReferences(
        _ members: NetworkMembers, document: String
    ) throws(GenesisFault) {
        let known = Set(members.organizations.map(\.id))
        let named = members.validators.map(\.member.organization) + members.services.map(\.organization)
        for id in named where !known.contains(id) {
            throw GenesisFault(
                .unknownOrganization, "the \(document) names the organisation `\(id)` and does not have it")
        }
    }

    private static func checkDistinct(
        _ members: NetworkMembers, network: String, document: String
    ) throws(GenesisFault) {
        let distinct = Distinct(document: document)
        let validators = members.validators.map(\.member)
        try distinct.check(members.organizations.map(\.id.description), "organisation id")
        try distinct.check(members.organizations.map(\.name), "organisation name")
        // The origin names log signatures, so a validator of that name would be taken for the log.
        let origin = "consentry.example/\(network)"
        try distinct.check([origin] + validators.map(\.name), "validator name")
        try distinct.check(validators.map(\.url), "validator URL")
        try distinct.check(members.services.map(\.name), "service")
        try distinct.check(members.services.map(\.url), "service URL")
        try distinct.check(members.services.map { Hex.encode($0.sealingKey.bytes) }, "sealing key")
        try distinct.check(members.issuers.map(\.id), "issuer")
        try distinct.check(members.witnesses.map(\.vkey), "witness")
        // INVARIANT: one key, one purpose; a signature made for one role must never serve in another, and a
        // key that is over never comes back.
        let validatorKeys = validators.flatMap { [$0.consensusKey, $0.cosignatureKey, $0.logKey] }
        let serviceKeys = members.services.flatMap { [$0.signingKey] + ($0.tokenKey.map { [$0] } ?? []) }
        let keys = members.organizations.map(\.key) + validatorKeys + serviceKeys
        try distinct.check((keys + members.retiredKeys).map(\.description), "signing key")
        try checkCompromises(members, document: document)
    }

    private static func checkCompromises(
        _ members: NetworkMembers, document: String
    ) throws(GenesisFault) {
        let retired = Set(members.retiredKeys)
        for compromise in members.compromises where !retired.contains(compromise.key) {
            throw .wrong(
                "compromisedKeys", "keys that were in force and are not any more; replace them too",
                in: document)
        }
    }

    /// Refuses a value that a list has twice.
    private struct Distinct {
        let document: String

        func check(_ values: [String], _ noun: String) throws(GenesisFault) {
            var seen: Set<[UInt8]> = []
            for value in values where !seen.insert([UInt8](value.utf8)).inserted {
                throw GenesisFault(.repeated, "the \(document) uses the \(noun) `\(value)` twice")
            }
        }
    }

    static func isNetworkName(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
            }
    }

    static func isBaseURL(_ text: String) -> Bool {
        guard isVisibleASCII(text), text.utf8.count <= urlBytesMax else { return false }
        for scheme in ["http://", "https://"] where text.hasPrefix(scheme) {
            let rest = text.utf8.dropFirst(scheme.utf8.count)
            return !rest.isEmpty && rest.first != UInt8(ascii: "/") && rest.last != UInt8(ascii: "/")
                && !rest.contains { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
        }
        return false
    }

    private static func isName(_ text: String) -> Bool {
        (1...nameBytesMax).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    private static func isKeyName(_ text: String) -> Bool {
        // SPEC C2SP signed-note: a key name is not empty and has no Unicode space and no plus sign.
        isVisibleASCII(text) && text.utf8.count <= nameBytesMax && !text.utf8.contains(UInt8(ascii: "+"))
    }

    private static func isVisibleASCII(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
