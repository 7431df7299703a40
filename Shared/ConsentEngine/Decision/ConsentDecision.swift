/// The decision about an access request, with everything that it was made from.
package struct ConsentDecision: Sendable {
    /// One decision a purpose, in the order in which the request first states them.
    package let purposes: [PurposeDecision]
    /// Every contract that was looked at, in the order given, whether it applied or not.
    package let standing: [StandingContract]
    private let inputs: DecisionInputs

    init(purposes: [PurposeDecision], standing: [StandingContract], inputs: DecisionInputs) {
        self.purposes = purposes
        self.standing = standing
        self.inputs = inputs
    }

    /// The request decided.
    package var request: AccessRequestFacts { inputs.request }
    /// The policies in force.
    package var policies: DecisionPolicies { inputs.policies }

    /// Every contract version that was looked at, sorted and each once.
    package var contracts: [ContractVersion] { Set(standing.map(\.contract.identity)).sorted() }

    /// Permit when any purpose is permitted.
    package var effect: ProvisionEffect {
        purposes.contains { $0.effect == .permit } ? .permit : .deny
    }

    /// The purposes permitted, in the order of the request.
    package var permittedPurposes: [PurposeCode] {
        purposes.filter { $0.effect == .permit }.map(\.purpose)
    }
}

/// What every purpose of a request is decided by, held once for all of them.
final class DecisionInputs: Sendable {
    let request: AccessRequestFacts
    let policies: DecisionPolicies

    init(_ request: AccessRequestFacts, _ policies: DecisionPolicies) {
        self.request = request
        self.policies = policies
    }
}
