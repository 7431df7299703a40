package import Model

/// A clause of a contract that led to a decision.
package struct Clause: Hashable, Sendable {
    /// The contract's id.
    package let contractID: String
    /// The hash of the contract's signed bytes.
    package let version: String
    /// Where the clause stands in the Consent, such as `provision`.
    package let path: String
    /// What the clause says.
    package let effect: ProvisionEffect

    /// Names a clause.
    package init(contractID: String, version: String, path: String, effect: ProvisionEffect) {
        self.contractID = contractID
        self.version = version
        self.path = path
        self.effect = effect
    }
}

/// A contract as a decision names it.
package struct ContractVersion: Hashable, Sendable {
    /// The contract's id.
    package let contractID: String
    /// The hash of the contract's signed bytes.
    package let version: String

    /// Names one version of a contract.
    package init(contractID: String, version: String) {
        self.contractID = contractID
        self.version = version
    }
}

/// Why one purpose was decided as it was.
package enum DecisionReason: Hashable, Sendable {
    /// A clause permits it and none denies it.
    case permittedByContract
    /// A clause denies it.
    case deniedByContract
    /// No clause speaks about it: the implicit policy decides.
    case noContractApplies(ImplicitPolicy)
    /// The clauses that speak about it have ended: the implicit policy decides.
    case expired(ImplicitPolicy)
    /// The clauses that speak about it have not begun: the implicit policy decides.
    case notYetInForce(ImplicitPolicy)
    /// The implicit policy permits some data, and whether this resource is such data cannot be told.
    case undetermined(ImplicitPolicy)
    /// No contract names break-glass, and the custodian lets this requester declare it.
    case permittedByBreakGlassPolicy
    /// No contract names break-glass, and the custodian does not let this requester declare it.
    case deniedByBreakGlassPolicy

    /// The name in canonical decisions; part of their format.
    var name: String {
        switch self {
        case .permittedByContract: "permitted-by-contract"
        case .deniedByContract: "denied-by-contract"
        case .noContractApplies: "no-contract-applies"
        case .expired: "expired"
        case .notYetInForce: "not-yet-in-force"
        case .undetermined: "undetermined"
        case .permittedByBreakGlassPolicy: "permitted-by-break-glass-policy"
        case .deniedByBreakGlassPolicy: "denied-by-break-glass-policy"
        }
    }
}

/// The decision about one purpose.
package struct PurposeDecision: Hashable, Sendable {
    /// The purpose decided.
    package let purpose: PurposeCode
    /// Permit or deny.
    package let effect: ProvisionEffect
    /// The clauses that decided, sorted; empty where a policy did.
    package let clauses: [Clause]
    /// Why.
    package let reason: DecisionReason

    /// States a decision.
    package init(purpose: PurposeCode, effect: ProvisionEffect, clauses: [Clause], reason: DecisionReason) {
        self.purpose = purpose
        self.effect = effect
        self.clauses = clauses
        self.reason = reason
    }
}

/// The decision about an access request, with everything that it was made from.
package struct ConsentDecision: Hashable, Sendable {
    /// One decision a purpose, in the order in which the request first states them.
    package let purposes: [PurposeDecision]
    /// The request decided.
    package let request: AccessRequestFacts
    /// Every contract version that was looked at, sorted, whether it applied or not.
    package let contracts: [ContractVersion]
    /// The implicit policy in force.
    package let implicit: ImplicitPolicy
    /// The break-glass policy in force, if any.
    package let breakGlass: BreakGlassPolicy?

    /// Permit when any purpose is permitted.
    package var effect: ProvisionEffect {
        purposes.contains { $0.effect == .permit } ? .permit : .deny
    }

    /// The purposes permitted, in the order of the request.
    package var permittedPurposes: [PurposeCode] {
        purposes.filter { $0.effect == .permit }.map(\.purpose)
    }

    /// Returns the decision as JSON whose canonical bytes are the same on every machine.
    ///
    /// Lists whose order carries no meaning are sorted; the chains of organisations keep theirs. It
    /// contains personal data, so it belongs into a payload, never onto the ledger.
    package func canonical() -> JSONValue {
        [
            "breakGlass": breakGlass.map { ["mayDeclare": Self.texts(inByteOrder($0.mayDeclare))] } ?? nil,
            "combining": .string(ConsentEvaluator.combiningRule),
            "contracts": .array(
                contracts.map { ["id": .string($0.contractID), "version": .string($0.version)] }),
            "effect": .string(effect.rawValue),
            "engine": .string(ConsentEvaluator.engineVersion),
            "implicitPolicy": .string(implicit.rawValue),
            "purposes": .array(
                purposes.sorted { precedes($0.purpose.code, $1.purpose.code) }.map(Self.canonical)),
            "request": Self.canonical(request),
            "terminology": .string("\(PurposeCode.system)|\(PurposeOfUse.version)"),
        ]
    }

    private static func canonical(_ decision: PurposeDecision) -> JSONValue {
        let clauses = decision.clauses.map { clause -> JSONValue in
            [
                "contract": .string(clause.contractID), "effect": .string(clause.effect.rawValue),
                "path": .string(clause.path), "version": .string(clause.version),
            ]
        }
        return [
            "clauses": .array(clauses), "effect": .string(decision.effect.rawValue),
            "purpose": .string(decision.purpose.code), "reason": .string(decision.reason.name),
        ]
    }

    private static func canonical(_ request: AccessRequestFacts) -> JSONValue {
        [
            "actingFor": texts(request.actingFor),
            "actor": .string(request.actor),
            "atMilliseconds": .number(JSONNumber(request.atMilliseconds)),
            "custodian": texts(request.custodian),
            "groups": texts(inByteOrder(request.groups)),
            "linkedPatients": texts(inByteOrder(request.linkedPatients)),
            "patient": .string(request.patient),
            "purposes": texts(inByteOrder(Array(Set(request.purposes.map(\.code))))),
        ]
    }

    private static func texts(_ texts: [String]) -> JSONValue {
        .array(texts.map(JSONValue.string))
    }
}

/// Orders texts by their UTF-8 bytes, which no version of Unicode can change.
func precedes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
}

/// Orders contracts by id, then by version.
func precedes(_ left: (id: String, version: String), _ right: (id: String, version: String)) -> Bool {
    left.id == right.id ? precedes(left.version, right.version) : precedes(left.id, right.id)
}

private func inByteOrder(_ texts: [String]) -> [String] {
    texts.sorted(by: precedes)
}
