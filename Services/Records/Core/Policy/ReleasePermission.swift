package import ConsentEngine
package import Model

/// What one request may read, resource by resource.
package struct ReleasePermission: Sendable {
    /// The organisation whose records the decision is about.
    package let custodian: ParticipantID
    /// The types that may be read; nil for all.
    package let types: Set<String>?
    private let decided: PurposeDecision
    private let custodianChain: [String]
    private let reading: RecordReading

    init(
        custodian: ParticipantID, types: Set<String>?, decided: PurposeDecision, custodianChain: [String],
        reading: RecordReading
    ) {
        self.custodian = custodian
        self.types = types
        self.decided = decided
        self.custodianChain = custodianChain
        self.reading = reading
    }

    /// Whether a resource has to be opened before it can be judged; otherwise all are judged alike.
    package var looksAtContents: Bool { decided.uniformVerdict == nil }

    /// Whether a type may be read, and no contract or policy forbids all resources.
    package func mayPermit(_ type: String) -> Bool {
        guard types?.contains(type) ?? true else { return false }
        return decided.uniformVerdict.map { $0.effect == .permit } ?? true
    }

    /// Judges a resource by its content; what cannot be read is not released.
    ///
    /// - Parameters:
    ///   - resource: where it is stored; the content has to say the same.
    ///   - content: its bytes.
    ///   - context: what other resources of the patient say about it.
    package func permits(_ resource: ResourceKey, content: [UInt8], in context: RecordContext) -> Bool {
        guard mayPermit(resource.type) else { return false }
        guard looksAtContents else { return true }
        guard let value = try? JSONValue(parsing: content),
            let metadata = ResourceMetadata(
                resource: value, zone: reading.zone, agents: context.agents(of: resource),
                codesByReference: context.codesByReference),
            metadata.type == resource.type, metadata.id == resource.id
        else { return false }
        let facts = metadata.facts(
            custodian: custodianChain, labels: reading.labeller.label(metadata).labels)
        return decided.judge(facts).effect == .permit
    }
}

/// How a custodian reads its records: the zone of dates without zone, and the rules of labelling.
package struct RecordReading: Sendable {
    /// The zone in which dates without zone are read.
    package let zone: ZoneRules
    /// What gives resources their labels.
    package let labeller: Labeller

    /// States how records are read.
    package init(zone: ZoneRules, labeller: Labeller) {
        self.zone = zone
        self.labeller = labeller
    }
}

/// What a patient's resources say about others of them: who made them, and codes that stand elsewhere.
package struct RecordContext: Sendable {
    /// The types of resources that say something about others.
    package static let types: Set<String> = [
        "ChargeItem", "Condition", "Device", "Medication", "Procedure", "Provenance",
    ]

    private var agentsByTarget: [String: Known<String>] = [:]
    /// The codes of resources to which others refer in place of a code.
    package private(set) var codesByReference: [String: Known<Coding>] = [:]
    /// Whether a Provenance names a target that cannot be told: it may be any resource.
    private var isEveryTargetTold = true

    /// Knows nothing.
    package init() {}

    /// Takes what a resource says about others; one that cannot be read may say anything of any of them.
    package mutating func add(_ resource: ResourceKey, content: [UInt8]) {
        guard let value = try? JSONValue(parsing: content) else {
            if resource.type == "Provenance" { isEveryTargetTold = false }
            return
        }
        if let provenance = ProvenanceAgents(provenance: value) {
            if !provenance.targets.isComplete { isEveryTargetTold = false }
            for target in provenance.targets.elements { add(provenance.agents, to: target) }
        } else if let metadata = ResourceMetadata(resource: value) {
            codesByReference[resource.reference] = metadata.codes
            codesByReference["urn:uuid:\(resource.id)"] = metadata.codes
        }
    }

    private mutating func add(_ agents: Known<String>, to target: String) {
        let before = agentsByTarget[target] ?? Known([])
        agentsByTarget[target] = Known(
            before.elements + agents.elements, isComplete: before.isComplete && agents.isComplete)
    }

    /// Who made a resource besides those whom it names itself.
    func agents(of resource: ResourceKey) -> Known<String> {
        let found = [resource.reference, "urn:uuid:\(resource.id)"].compactMap { agentsByTarget[$0] }
        return Known(
            found.flatMap(\.elements), isComplete: isEveryTargetTold && found.allSatisfy(\.isComplete))
    }
}
