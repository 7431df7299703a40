package import Model

/// Turns a FHIR Consent into the form that the evaluator reads, or refuses it by name.
///
/// The document follows one dialect (see ``ConsentDialect``): IHE PCF 1.1 (Basic, Intermediate or Advanced)
/// on FHIR R4, R4 with `policyRule`, or R5 with `decision`. What is unknown and could change the meaning, and
/// what can be read in two ways, is refused.
package enum ContractCompiler {
    /// Provisions inside the root; a decision stays a matter of microseconds.
    package static let nestedCountMax = 64

    /// What an R4 Consent may state: the elements that are read below and those that change nothing about
    /// its meaning.
    private static let r4Members: Set<String> = [
        "resourceType", "status", "scope", "category", "patient", "dateTime", "organization", "policy",
        "policyRule", "provision",
        "meta", "language", "text", "identifier", "performer", "sourceAttachment", "sourceReference",
        "verification",
    ]

    /// What an R5 Consent may state. `grantee` is left out: it could limit whom the consent is for.
    private static let r5Members: Set<String> = [
        "resourceType", "status", "category", "subject", "date", "period", "controller", "decision",
        "provision", "policyBasis",
        "meta", "language", "text", "identifier", "grantor", "manager", "sourceAttachment",
        "sourceReference", "verification", "policyText", "regulatoryBasis",
    ]

    /// Compiles one contract.
    ///
    /// - Parameters:
    ///   - consent: The document as it was signed.
    ///   - id: The contract's id; one inside the document is not read, since the server assigns it.
    ///   - version: The hash of the signed bytes in hexadecimal.
    ///   - registry: What the custodian has registered.
    /// - Throws: `ContractRefusal`, naming the element.
    package static func compile(
        _ consent: JSONValue, id: String, version: String, registry: CustodianRegistry
    ) throws(ContractRefusal) -> CompiledContract {
        CompiledContract(try terms(of: consent, id: id, version: version, registry: registry))
    }

    /// Reads one contract into the form for people and tools; the arguments are those of `compile`.
    ///
    /// - Throws: `ContractRefusal`, naming the element.
    package static func terms(
        of consent: JSONValue, id: String, version: String, registry: CustodianRegistry
    ) throws(ContractRefusal) -> ContractTerms {
        guard consent["resourceType"]?.string == "Consent" else { throw .notConsent }
        try FHIRElement.refuseModifierExtensions(in: consent, path: "Consent")
        let root = try FHIRElement(consent, path: "Consent")
        let dialect = try dialect(of: root)
        try root.allowOnly(dialect == .r5Decision ? r5Members : r4Members)
        try refuseSubset(root)
        // The categories in use differ (LOINC 59284-0, its misprint 59284-6, IRCP); the scope says what it
        // is.
        _ = try root.requiredElements("category")
        if dialect != .r5Decision {
            try root.requiredElement("scope").requireCoding(
                "http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")
        }
        try checkDate(root, dialect == .r5Decision ? "date" : "dateTime")
        var custodians: [String] = []
        for organization in try root.requiredElements(
            dialect == .r5Decision ? "controller" : "organization")
        {
            custodians.append(try organization.reference(to: ["Organization"]))
        }
        let patient = try root.requiredElement(dialect == .r5Decision ? "subject" : "patient")
        let provisions = try provisions(of: root, dialect, registry)
        return ContractTerms(
            contractID: id, version: version, dialect: dialect, status: try status(root),
            patient: try patient.reference(to: ["Patient"]), custodians: custodians,
            policyURI: try policy(root, dialect, registry.policies), root: provisions.root,
            nested: provisions.nested)
    }

    private static func dialect(of root: FHIRElement) throws(ContractRefusal) -> ConsentDialect {
        guard root.has("decision") else { return root.has("policyRule") ? .policyRule : .pcf }
        if root.has("policyRule") {
            throw .element(path: root.path("policyRule"), reason: .ambiguous)
        }
        return .r5Decision
    }

    /// Refuses a document that a server has cut down: what is missing could be a denial.
    private static func refuseSubset(_ root: FHIRElement) throws(ContractRefusal) {
        guard let meta = try root.element("meta") else { return }
        for name in ["tag", "security"] {
            for label in try meta.elements(name) where try label.token("code") == "SUBSETTED" {
                throw .element(path: label.path, reason: .incomplete)
            }
        }
    }

    private static func status(_ root: FHIRElement) throws(ContractRefusal) -> ContractStatus {
        let code = try root.requiredToken("status")
        guard let status = ContractStatus(rawValue: code) else {
            throw .badCode(path: root.path("status"), code: code)
        }
        return status
    }

    private static func policy(
        _ root: FHIRElement, _ dialect: ConsentDialect, _ registered: Set<String>
    ) throws(ContractRefusal) -> String? {
        let element: FHIRElement
        let uriName: String
        if dialect == .r5Decision {
            guard let basis = try root.element("policyBasis") else { return nil }
            try basis.allowOnly(["url"])
            (element, uriName) = (basis, "url")
        } else {
            let policies = try root.elements("policy")
            guard policies.count <= 1 else { throw .element(path: root.path("policy"), reason: .ambiguous) }
            guard let policy = policies.first else { return nil }
            try policy.allowOnly(["authority", "uri"])
            (element, uriName) = (policy, "uri")
        }
        guard let uri = try element.token(uriName) else { return nil }
        guard registered.contains(where: { $0.utf8.elementsEqual(uri.utf8) }) else {
            throw .element(path: element.path(uriName), reason: .unregistered(policy: uri))
        }
        return uri
    }

    private static func checkDate(_ root: FHIRElement, _ name: String) throws(ContractRefusal) {
        guard let text = try root.token(name) else { return }
        guard FHIRDateTime.milliseconds(of: text) != nil else { throw .badDate(path: root.path(name)) }
    }

    private static func provisions(
        of root: FHIRElement, _ dialect: ConsentDialect, _ registry: CustodianRegistry
    ) throws(ContractRefusal) -> (root: Provision, nested: [Provision]) {
        let reader = ProvisionReader(registry: registry)
        let base: StatedProvision
        let children: [FHIRElement]
        switch dialect {
        case .pcf:
            // R4 forbids a type on the root provision, PCF requires it; without one nothing says what the
            // root does.
            let element = try root.requiredElement("provision")
            base = try reader.read(element, as: try reader.type(of: element), isRoot: true)
            children = try element.elements("provision")
        case .policyRule:
            (base, children) = try baseOfPolicyRule(root, reader)
        case .r5Decision:
            base = StatedProvision(
                effect: try reader.effect(
                    try root.requiredToken("decision"), path: root.path("decision")),
                period: try reader.period(root.element("period")))
            children = try root.elements("provision")
        }
        guard children.count <= nestedCountMax else {
            throw .element(path: root.path("provision"), reason: .tooMany(max: nestedCountMax))
        }
        let outer = base.provision
        var nested: [Provision] = []
        for child in children {
            // SPEC FHIR R5 Consent.decision: provisions are a negation of the level above.
            let effect = dialect == .r5Decision ? base.effect.opposite : try reader.type(of: child)
            let stated = try reader.read(child, as: effect, isRoot: false, isR5: dialect == .r5Decision)
            nested.append(stated.inside(outer))
        }
        return (outer, nested)
    }

    /// Reads OPTIN or OPTOUT with the exceptions inside an untyped root provision.
    ///
    /// What else an untyped root states could limit the rule or be an exception to it, so it is refused.
    private static func baseOfPolicyRule(
        _ root: FHIRElement, _ reader: ProvisionReader
    ) throws(ContractRefusal) -> (StatedProvision, [FHIRElement]) {
        let rule = try root.requiredElement("policyRule")
        let code = try rule.onlyCoding(of: "http://terminology.hl7.org/CodeSystem/v3-ActCode")
        let effect: ProvisionEffect
        switch code {
        case "OPTIN": effect = .permit
        case "OPTOUT": effect = .deny
        case let other: throw .badCode(path: rule.path, code: other)
        }
        guard let element = try root.element("provision") else {
            return (StatedProvision(effect: effect), [])
        }
        if element.has("type") {
            guard try reader.type(of: element) == effect else {
                throw .element(path: element.path("type"), reason: .ambiguous)
            }
        } else {
            try element.allowOnly(["period", "provision"], reason: .ambiguous)
        }
        return (try reader.read(element, as: effect, isRoot: true), try element.elements("provision"))
    }
}
