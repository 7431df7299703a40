import Cryptography
import Model

/// The rules that the members of a genesis file keep among each other.
enum GenesisRules {
    /// The most bytes of the name of a network, an organisation or a validator.
    private static let nameBytesMax = 200
    private static let urlBytesMax = 500

    static func check(_ draft: GenesisDraft) throws(GenesisFault) {
        guard isNetworkName(draft.network) else {
            throw .wrong("network", "1 to 32 of a–z, 0–9 and hyphen")
        }
        guard !draft.organizations.isEmpty else { throw .wrong("organizations", "one or more") }
        guard (1...ProtocolLimits.validatorsMax).contains(draft.validators.count) else {
            throw .wrong("validators", "1 to \(ProtocolLimits.validatorsMax)")
        }
        guard !draft.services.isEmpty else { throw .wrong("services", "one or more") }
        for organization in draft.organizations where !isName(organization.name) {
            throw .wrong("organizations.name", "1 to \(nameBytesMax) bytes without control characters")
        }
        for validator in draft.validators where !isKeyName(validator.name) {
            throw .wrong("validators.name", "1 to \(nameBytesMax) visible ASCII characters without `+`")
        }
        guard isVisibleASCII(draft.policies.implicit), draft.policies.registered.allSatisfy(isVisibleASCII),
            draft.policies.registered.contains(draft.policies.implicit)
        else { throw .wrong("policies", "URIs, the implicit one among the registered") }
        try checkReferences(draft)
        try checkDistinct(draft)
    }

    private static func checkReferences(_ draft: GenesisDraft) throws(GenesisFault) {
        let known = Set(draft.organizations.map(\.id))
        let named = draft.validators.map(\.organization) + draft.services.map(\.organization)
        for id in named where !known.contains(id) {
            throw GenesisFault(
                .unknownOrganization, "the genesis file names the organisation `\(id)` and does not have it")
        }
    }

    private static func checkDistinct(_ draft: GenesisDraft) throws(GenesisFault) {
        try distinct(draft.organizations.map(\.id.description), "organisation id")
        try distinct(draft.organizations.map(\.name), "organisation name")
        // The origin names log signatures, so a validator of that name would be taken for the log.
        let origin = "consentry.example/\(draft.network)"
        try distinct([origin] + draft.validators.map(\.name), "validator name")
        try distinct(draft.validators.map(\.url), "validator URL")
        try distinct(draft.services.map(\.name), "service")
        try distinct(draft.services.map(\.url), "service URL")
        try distinct(draft.policies.registered, "policy")
        try distinct(draft.services.map { Hex.encode($0.sealingKey.bytes) }, "sealing key")
        // INVARIANT: one key, one purpose; a signature made for one role must never serve in another.
        let validatorKeys = draft.validators.flatMap { [$0.consensusKey, $0.cosignatureKey, $0.logKey] }
        let serviceKeys = draft.services.flatMap { [$0.signingKey] + ($0.tokenKey.map { [$0] } ?? []) }
        let keys = draft.organizations.map(\.key) + validatorKeys + serviceKeys
        try distinct(keys.map(\.description), "signing key")
    }

    private static func distinct(_ values: [String], _ noun: String) throws(GenesisFault) {
        var seen: Set<[UInt8]> = []
        for value in values where !seen.insert([UInt8](value.utf8)).inserted {
            throw GenesisFault(.repeated, "the genesis file uses the \(noun) `\(value)` twice")
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
