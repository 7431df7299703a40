package import ConsentEngine
package import Model

/// What one request may read, resource by resource.
package struct ReleasePermission: Sendable {
    /// The organisation whose records the decision is about.
    package let custodian: ParticipantID
    /// The purpose of the read.
    package let purpose: PurposeCode
    /// The types that may be read; nil for all.
    package let types: Set<String>?
    private let request: AccessRequestFacts
    private let contracts: [CompiledContract]
    private let implicit: ImplicitPolicy

    init(
        custodian: ParticipantID, purpose: PurposeCode, types: Set<String>?, request: AccessRequestFacts,
        contracts: [CompiledContract], implicit: ImplicitPolicy
    ) {
        self.custodian = custodian
        self.purpose = purpose
        self.types = types
        self.request = request
        self.contracts = contracts
        self.implicit = implicit
    }

    /// Whether the contracts permit a resource, by what is known without its content.
    package func permits(_ resource: ResourceKey) -> Bool {
        guard types?.contains(resource.type) ?? true else { return false }
        let facts = ResourceFacts(type: resource.type, id: resource.id, custodian: request.custodian)
        let decision = ConsentEvaluator.permitsResource(
            request, purpose: purpose, resource: facts, contracts: contracts, implicit: implicit)
        return decision.effect == .permit
    }
}
