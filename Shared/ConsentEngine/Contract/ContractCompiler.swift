package import Model

/// Turns a FHIR R4 Consent (IHE PCF 1.1 Basic) into the form that the evaluator reads, or refuses it by
/// name.
package enum ContractCompiler {
    /// What a Consent may state: the elements that are read below and those that change nothing about
    /// its meaning.
    private static let consentMembers: Set<String> = [
        "resourceType", "status", "scope", "category", "patient", "dateTime", "organization", "policy",
        "provision",
        "meta", "language", "text", "identifier", "performer", "sourceAttachment", "sourceReference",
        "verification",
    ]

    /// What a provision may state in this version of the engine; nested provisions and data come with
    /// the next.
    private static let provisionMembers: Set<String> = ["type", "actor", "purpose", "period"]

    /// Who may be named as actor: the person who asks, their groups, the organisation that they act for.
    ///
    /// Device and PractitionerRole are left out: a request does not state them, so a deny for one would
    /// never match.
    private static let actorTypes: Set<String> = [
        "Practitioner", "Patient", "RelatedPerson", "Group", "CareTeam", "Organization",
    ]

    /// Compiles one contract.
    ///
    /// - Parameters:
    ///   - consent: The document as it was signed.
    ///   - id: The contract's id; one inside the document is not read, since the server assigns it.
    ///   - version: The hash of the signed bytes in hexadecimal.
    ///   - registeredPolicies: The policy URIs that the custodian knows, compared byte for byte.
    /// - Throws: `ContractRefusal`, naming the element.
    package static func compile(
        _ consent: JSONValue, id: String, version: String, registeredPolicies: Set<String>
    ) throws(ContractRefusal) -> CompiledContract {
        guard consent["resourceType"]?.string == "Consent" else { throw .notConsent }
        try FHIRElement.refuseModifierExtensions(in: consent, path: "Consent")
        let root = try FHIRElement(consent, path: "Consent")
        try root.allowOnly(consentMembers)
        try refuseSubset(root)
        try root.requiredElement("scope").requireCoding(
            "http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")
        // The categories in use differ (LOINC 59284-0, its misprint 59284-6, IRCP); the scope above says
        // what it is.
        _ = try root.requiredElements("category")
        var custodians: [String] = []
        for organization in try root.requiredElements("organization") {
            custodians.append(try organization.reference(to: ["Organization"]))
        }
        return CompiledContract(
            contractID: id, version: version, status: try status(root),
            patient: try root.requiredElement("patient").reference(to: ["Patient"]), custodians: custodians,
            policyURI: try policy(root, registeredPolicies), dateTime: try dateTime(root),
            root: try provision(try root.requiredElement("provision")))
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
        _ root: FHIRElement, _ registered: Set<String>
    ) throws(ContractRefusal) -> String? {
        let policies = try root.elements("policy")
        guard policies.count <= 1 else { throw .element(path: root.path("policy"), reason: .ambiguous) }
        guard let policy = policies.first else { return nil }
        try policy.allowOnly(["authority", "uri"])
        guard let uri = try policy.token("uri") else { return nil }
        guard registered.contains(where: { $0.utf8.elementsEqual(uri.utf8) }) else {
            throw .element(path: policy.path("uri"), reason: .unregistered(policy: uri))
        }
        return uri
    }

    private static func dateTime(_ root: FHIRElement) throws(ContractRefusal) -> String? {
        guard let text = try root.token("dateTime") else { return nil }
        guard FHIRDateTime.milliseconds(of: text) != nil else { throw .badDate(path: root.path("dateTime")) }
        return text
    }

    private static func provision(_ provision: FHIRElement) throws(ContractRefusal) -> CompiledProvision {
        try provision.allowOnly(provisionMembers)
        // R4 forbids a type on the root provision, PCF requires it; without one nothing says what the
        // root does.
        let type = try provision.requiredToken("type")
        guard let effect = ProvisionEffect(rawValue: type) else {
            throw .badCode(path: provision.path("type"), code: type)
        }
        var actors: [String] = []
        for actor in try provision.elements("actor") { actors.append(try reference(of: actor)) }
        var purposes: [PurposeCode] = []
        for element in try provision.elements("purpose") { purposes.append(try purpose(element)) }
        return CompiledProvision(
            type: effect, actors: actors, purposes: purposes, period: try period(provision.element("period")))
    }

    private static func reference(of actor: FHIRElement) throws(ContractRefusal) -> String {
        try actor.allowOnly(["role", "reference"])
        try actor.requiredElement("role").requireCoding(
            "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")
        return try actor.requiredElement("reference").reference(to: actorTypes)
    }

    private static func purpose(_ element: FHIRElement) throws(ContractRefusal) -> PurposeCode {
        let coding = try element.coding()
        guard let purpose = PurposeCode(system: coding.system, code: coding.code) else {
            throw .badCode(path: element.path, code: "\(coding.system)|\(coding.code)")
        }
        return purpose
    }

    private static func period(_ element: FHIRElement?) throws(ContractRefusal) -> Interval? {
        guard let element else { return nil }
        try element.allowOnly(["start", "end"])
        let start = try instants(element, "start")?.lowerBound
        let end = try instants(element, "end")?.upperBound
        if start == nil && end == nil { throw .malformed(path: element.path) }
        if let start, let end, start > end { throw .badDate(path: element.path) }
        return Interval(start: start, end: end)
    }

    private static func instants(
        _ period: FHIRElement, _ name: String
    ) throws(ContractRefusal) -> ClosedRange<Int64>? {
        guard let text = try period.token(name) else { return nil }
        guard let instants = FHIRDateTime.milliseconds(of: text) else {
            throw .badDate(path: period.path(name))
        }
        return instants
    }
}
