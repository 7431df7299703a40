import Model

/// A provision with the elements that it states itself; nil where it states none.
struct StatedProvision {
    let effect: ProvisionEffect
    var actors: [String]?
    var purposes: [PurposeCode]?
    var actions: [ConsentAction]?
    var period: Interval?
    var conditions: [AccessCondition]?
    var dataPeriod: Interval?
    var data: [DataReference]?
    var confidentialities: [Confidentiality]?
    var sensitivities: [SensitivityCode]?
    var classes: [String]?
    var codes: [Coding]?

    init(effect: ProvisionEffect, period: Interval? = nil) {
        self.effect = effect
        self.period = period
    }

    /// The provision when there is none around it.
    var provision: Provision { inside(Provision(effect)) }

    /// The provision around with the elements replaced that this one states, and with this one's effect.
    func inside(_ outer: Provision) -> Provision {
        // A securityLabel is one element: who states it states all of it.
        let hasLabels = confidentialities != nil || sensitivities != nil
        return Provision(
            effect, actors: actors ?? outer.actors, purposes: purposes ?? outer.purposes,
            actions: actions ?? outer.actions, period: Self.intersection(period, outer.period),
            conditions: conditions ?? outer.conditions,
            scope: DataScope(
                dataPeriod: dataPeriod ?? outer.scope.dataPeriod, data: data ?? outer.scope.data,
                confidentialities: hasLabels ? confidentialities ?? [] : outer.scope.confidentialities,
                sensitivities: hasLabels ? sensitivities ?? [] : outer.scope.sensitivities,
                classes: classes ?? outer.scope.classes, codes: codes ?? outer.scope.codes))
    }

    /// INVARIANT: a period inside another never reaches beyond it.
    private static func intersection(_ inner: Interval?, _ outer: Interval?) -> Interval? {
        guard let inner, let outer else { return inner ?? outer }
        return Interval(
            start: [inner.start, outer.start].compactMap { $0 }.max(),
            end: [inner.end, outer.end].compactMap { $0 }.min())
    }
}

/// Reads the elements of one provision.
struct ProvisionReader {
    /// Elements of one list; a decision stays a matter of microseconds.
    private static let listCountMax = 256

    /// Who may be named as actor: the person who asks, their groups, the organisation that they act for.
    ///
    /// Device and PractitionerRole are left out: a request does not state them, so a deny for one would
    /// never match.
    private static let actorTypes: Set<String> = [
        "Practitioner", "Patient", "RelatedPerson", "Group", "CareTeam", "Organization",
    ]
    private static let relatedTypes: Set<String> = ["Encounter", "EpisodeOfCare", "CarePlan"]
    private static let authorTypes: Set<String> = [
        "Practitioner", "PractitionerRole", "Patient", "RelatedPerson", "Organization", "Device", "CareTeam",
    ]
    private static let commonMembers: Set<String> = [
        "modifierExtension", "actor", "purpose", "action", "period", "dataPeriod", "data", "securityLabel",
        "code",
    ]

    let registry: CustodianRegistry

    /// Reads the type that a provision states.
    func type(of element: FHIRElement) throws(ContractRefusal) -> ProvisionEffect {
        try effect(try element.requiredToken("type"), path: element.path("type"))
    }

    func effect(_ code: String, path: String) throws(ContractRefusal) -> ProvisionEffect {
        guard let effect = ProvisionEffect(rawValue: code) else { throw .badCode(path: path, code: code) }
        return effect
    }

    func read(
        _ element: FHIRElement, as effect: ProvisionEffect, isRoot: Bool, isR5: Bool = false
    ) throws(ContractRefusal) -> StatedProvision {
        var members = Self.commonMembers
        members.formUnion(isR5 ? ["resourceType"] : ["type", "class"])
        // A third level is refused: PCF knows two, and what a deeper one means is told in several ways.
        if isRoot { members.insert("provision") }
        try element.allowOnly(members)
        var stated = StatedProvision(effect: effect, period: try period(element.element("period")))
        stated.actors = try list(element, "actor") { item throws(ContractRefusal) in
            try actor(item, isR5: isR5)
        }
        stated.purposes = try list(element, "purpose", purpose)
        stated.actions = try list(element, "action", action).map { stated in
            ConsentAction.allCases.filter(stated.contains)
        }
        stated.conditions = try list(element, "modifierExtension", ConditionReader.read)
        stated.dataPeriod = try period(element.element("dataPeriod"))
        stated.data = try list(element, "data", data)
        stated.classes = try list(element, isR5 ? "resourceType" : "class", resourceType)
        stated.codes = try list(element, "code", codes)?.flatMap { $0 }
        if let labels = try list(element, "securityLabel", label) {
            let stated1 = labels.compactMap(\.confidentiality)
            stated.confidentialities = Confidentiality.allCases.filter(stated1.contains)
            stated.sensitivities = labels.compactMap(\.sensitivity)
        }
        return stated
    }

    /// Reads a list and holds its length; nil when it is not stated.
    private func list<Value>(
        _ element: FHIRElement, _ name: String, _ read: (FHIRElement) throws(ContractRefusal) -> Value
    ) throws(ContractRefusal) -> [Value]? {
        let items = try element.elements(name)
        guard items.count <= Self.listCountMax else {
            throw .element(path: element.path(name), reason: .tooMany(max: Self.listCountMax))
        }
        var values: [Value] = []
        for item in items { values.append(try read(item)) }
        return values.isEmpty ? nil : values
    }

    private func actor(_ actor: FHIRElement, isR5: Bool) throws(ContractRefusal) -> String {
        try actor.allowOnly(["role", "reference"])
        if !isR5 || actor.has("role") {
            try actor.requiredElement("role").requireCoding(
                "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")
        }
        return try actor.requiredElement("reference").reference(to: Self.actorTypes)
    }

    private func purpose(_ element: FHIRElement) throws(ContractRefusal) -> PurposeCode {
        let coding = try element.coding()
        guard let purpose = PurposeCode(system: coding.system, code: coding.code),
            purpose.registeredSystem.map({ registry.purposeSystems.contains($0) }) ?? true
        else { throw .badCode(path: element.path, code: "\(coding.system)|\(coding.code)") }
        return purpose
    }

    private func action(_ element: FHIRElement) throws(ContractRefusal) -> ConsentAction {
        let code = try element.onlyCoding(of: ConsentAction.system)
        guard let action = ConsentAction(rawValue: code) else {
            throw .badCode(path: element.path, code: code)
        }
        return action
    }

    func period(_ element: FHIRElement?) throws(ContractRefusal) -> Interval? {
        guard let element else { return nil }
        try element.allowOnly(["start", "end"])
        let start = try instants(element, "start")?.lowerBound
        let end = try instants(element, "end")?.upperBound
        if start == nil && end == nil { throw .malformed(path: element.path) }
        if let start, let end, start > end { throw .badDate(path: element.path) }
        return Interval(start: start, end: end)
    }

    private func instants(
        _ period: FHIRElement, _ name: String
    ) throws(ContractRefusal) -> ClosedRange<Int64>? {
        guard let text = try period.token(name) else { return nil }
        guard let instants = FHIRDateTime.milliseconds(of: text, zone: registry.zone) else {
            throw .badDate(path: period.path(name))
        }
        return instants
    }

    private func data(_ element: FHIRElement) throws(ContractRefusal) -> DataReference {
        try element.allowOnly(["meaning", "reference"])
        let code = try element.requiredToken("meaning")
        guard let meaning = DataReference.Meaning(rawValue: code) else {
            // `dependents` is open to interpretation: dependent on what, and how far.
            throw .badCode(path: element.path("meaning"), code: code)
        }
        let types: Set<String>
        switch meaning {
        case .instance: types = ResourceTypes.names
        case .related: types = Self.relatedTypes
        case .authoredBy: types = Self.authorTypes
        }
        return DataReference(meaning, try element.requiredElement("reference").reference(to: types))
    }

    private func resourceType(_ element: FHIRElement) throws(ContractRefusal) -> String {
        let coding = try element.coding()
        guard coding.system == ResourceTypes.system, ResourceTypes.contains(coding.code) else {
            throw .badCode(path: element.path, code: "\(coding.system)|\(coding.code)")
        }
        return coding.code
    }

    private func codes(_ element: FHIRElement) throws(ContractRefusal) -> [Coding] {
        try element.allowOnly(["coding", "text"])
        var codes: [Coding] = []
        for coding in try element.requiredElements("coding") {
            let stated = try coding.coding()
            guard let code = Coding(system: stated.system, code: stated.code) else {
                throw .badCode(path: coding.path, code: "\(stated.system)|\(stated.code)")
            }
            codes.append(code)
        }
        return codes
    }

    private func label(
        _ element: FHIRElement
    ) throws(ContractRefusal) -> (confidentiality: Confidentiality?, sensitivity: SensitivityCode?) {
        let coding = try element.coding()
        if coding.system == Confidentiality.system, let code = Confidentiality(code: coding.code) {
            return (code, nil)
        }
        if coding.system == SensitivityCode.system, let code = SensitivityCode(code: coding.code) {
            return (nil, code)
        }
        throw .badCode(path: element.path, code: "\(coding.system)|\(coding.code)")
    }
}
