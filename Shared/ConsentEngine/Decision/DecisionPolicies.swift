/// The custodian's policies under which requests are decided.
package struct DecisionPolicies: Hashable, Sendable {
    /// The policy where no provision of any contract applies.
    package let implicit: ImplicitPolicy
    /// The policy on break-glass; without one only a contract can permit BTG.
    package let breakGlass: BreakGlassPolicy?
    /// The registered versions of these policies and of the labelling rules, for the decision to name.
    package let versions: [PolicyVersion]

    /// States the policies in force.
    package init(
        _ implicit: ImplicitPolicy, breakGlass: BreakGlassPolicy? = nil, versions: [PolicyVersion] = []
    ) {
        self.implicit = implicit
        self.breakGlass = breakGlass
        self.versions = versions
    }
}

/// A policy or rule set as a decision names it.
package struct PolicyVersion: Hashable, Sendable {
    /// The URI of the policy.
    package let uri: String
    /// The hash of the policy's document in hexadecimal.
    package let version: String

    /// Names one version of a policy.
    package init(uri: String, version: String) {
        self.uri = uri
        self.version = version
    }

    /// How a decision names what a network has registered: its implicit policy by the genesis that registers
    /// it, and a zone other than UTC by the hash of its file, since governments change zones.
    ///
    /// - Parameters:
    ///   - genesis: the id of the network in hexadecimal.
    ///   - zoneFileHash: SHA-256 of the zone's file in hexadecimal; nil for UTC, which has none.
    package static func registered(
        _ implicit: ImplicitPolicy, genesis: String, zoneName: String, zoneFileHash: String?
    ) -> [PolicyVersion] {
        var versions = [PolicyVersion(uri: implicit.rawValue, version: genesis)]
        if let zoneFileHash {
            versions.append(
                PolicyVersion(uri: "https://www.iana.org/time-zones#\(zoneName)", version: zoneFileHash))
        }
        return versions
    }
}

/// The custodian's policy where no provision of any contract applies: one of the four that IHE PCF 1.1
/// names.
///
/// Break-glass is never permitted by one of these; `BreakGlassPolicy` decides about it.
package enum ImplicitPolicy: String, Hashable, Sendable, CaseIterable {
    /// Denies everything.
    case denyAll = "https://profiles.ihe.net/ITI/PCF/Policy-deny"
    /// Permits practitioners the use of normal data for treatment.
    ///
    /// At the request step that is a permit, since some resource may be normal. A resource whose label
    /// is not known is undetermined and therefore denied.
    case basicNormal = "https://profiles.ihe.net/ITI/PCF/Policy-basic-normal"
    /// Permits everybody the use of normal data for any purpose but break-glass; labels count as in
    /// `basicNormal`.
    case allNormal = "https://profiles.ihe.net/ITI/PCF/Policy-all-normal"
    /// Denies everything but break-glass, which `BreakGlassPolicy` decides: here the same as `denyAll`.
    case breakGlassOnly = "https://profiles.ihe.net/ITI/PCF/Policy-break-glass-only"

    /// Tells whether it permits normal data to this requester for this purpose; other data it never does.
    func permitsNormal(_ purpose: PurposeCode, to actor: String) -> Bool {
        switch self {
        case .denyAll, .breakGlassOnly: false
        case .basicNormal: actor.hasPrefix("Practitioner/") && purpose.isCovered(by: .treatment)
        case .allNormal: purpose != .breakGlass
        }
    }
}

/// The custodian's policy on break-glass, which decides where no contract names BTG.
///
/// Reason, time limit, notices and review are obligations of every break-glass that is permitted; the service
/// sees to them.
package struct BreakGlassPolicy: Hashable, Sendable {
    /// Persons, groups or organisations, any of which may declare it; empty for nobody.
    package let mayDeclare: [String]
    /// The most confidential data that it opens; nil for everything, unlabelled data too.
    package let scopeMax: Confidentiality?
    /// How long a declaration opens records, in seconds.
    package let lifetimeSeconds: Int
    /// Within how many hours the privacy officer has to review it.
    package let reviewHours: Int

    /// States who may declare break-glass, for what and for how long.
    package init(
        mayDeclare: [String], scopeMax: Confidentiality? = nil, lifetimeSeconds: Int = 3_600,
        reviewHours: Int = 72
    ) {
        self.mayDeclare = mayDeclare
        self.scopeMax = scopeMax
        self.lifetimeSeconds = lifetimeSeconds
        self.reviewHours = reviewHours
    }

    /// Tells whether this requester may declare break-glass, whoever the patient is.
    package func allows(_ request: AccessRequestFacts) -> Bool {
        mayDeclare.contains { request.isMade(by: $0) }
    }

    /// Tells whether a resource is among what it opens.
    func opens(_ labels: ResourceLabels?) -> Bool {
        guard let scopeMax else { return true }
        return labels.map { $0.confidentiality <= scopeMax } ?? false
    }
}
