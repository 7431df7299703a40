package import Model

/// What a resource's `meta.security` says of how confidential it is and why.
///
/// Only v3-Confidentiality and the sensitivities of v3-ActCode count; other labels (purposes, obligations,
/// test data) are passed over.
package struct StatedLabels: Hashable, Sendable {
    /// The highest confidentiality that is stated; nil when none is.
    package let confidentiality: Confidentiality?
    /// The sensitivities that are stated, sorted.
    package let sensitivities: [SensitivityCode]
    /// Whether all of it could be read. A confidentiality that is no code of the order could be any.
    package let isReadable: Bool

    /// A resource that states nothing.
    package static let none = StatedLabels(confidentiality: nil, sensitivities: [])

    /// Other URIs under which the two systems are found; taken, never written.
    private static let confidentialitySystems: Set<String> = [
        Confidentiality.system, "http://hl7.org/fhir/v3/Confidentiality", "urn:oid:2.16.840.1.113883.5.25",
        "http://terminology.hl7.org/ValueSet/v3-Confidentiality",
    ]
    private static let sensitivitySystems: Set<String> = [
        SensitivityCode.system, "http://hl7.org/fhir/v3/ActCode", "urn:oid:2.16.840.1.113883.5.4",
        "http://terminology.hl7.org/ValueSet/v3-InformationSensitivityPolicy",
    ]

    /// States labels; the sensitivities may come in any order.
    package init(
        confidentiality: Confidentiality?, sensitivities: some Sequence<SensitivityCode>,
        isReadable: Bool = true
    ) {
        self.confidentiality = confidentiality
        self.sensitivities = Set(sensitivities).sorted()
        self.isReadable = isReadable
    }

    /// Reads `meta.security`; nil stands for a resource without it.
    package init(security: JSONValue?) {
        var highest: Confidentiality?
        var sensitivities: Set<SensitivityCode> = []
        var isReadable = security == nil || security?.array != nil
        for coding in security?.array ?? [] {
            guard coding.members != nil else {
                isReadable = false
                continue
            }
            let system = coding["system"]?.string ?? ""
            let code = coding["code"]?.string ?? ""
            if Self.confidentialitySystems.contains(system) {
                guard let stated = Confidentiality(code: code) else {
                    isReadable = false
                    continue
                }
                highest = max(highest ?? stated, stated)
            } else if Self.sensitivitySystems.contains(system), let stated = SensitivityCode(code: code) {
                sensitivities.insert(stated)
            }
        }
        self.init(confidentiality: highest, sensitivities: sensitivities, isReadable: isReadable)
    }

    /// The labels by what is stated alone; nil when no confidentiality is, even where sensitivities are:
    /// until the labelling rules have run it cannot be told.
    package var labels: ResourceLabels? {
        isReadable ? confidentiality.map { ResourceLabels($0, sensitivities) } : nil
    }
}
