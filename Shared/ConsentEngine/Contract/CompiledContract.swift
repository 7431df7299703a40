/// A contract in the form that the evaluator reads; only `ContractCompiler` makes one.
package struct CompiledContract: Hashable, Sendable {
    /// The contract's id.
    package let contractID: String
    /// The hash of the bytes that were signed, in hexadecimal, as the caller gave it.
    package let version: String
    /// The status that the document states; only an active contract counts.
    package let status: ContractStatus
    /// Whose records it is about, such as `Patient/1`.
    package let patient: String
    /// The organisations that it binds with everything below them, such as `Organization/1`.
    package let custodians: [String]
    /// The registered policy that it refers to, if any.
    package let policyURI: String?
    /// The FHIR dateTime at which it was given, if stated; evaluation does not use it.
    package let dateTime: String?
    /// The provision that everything else in the contract refines.
    package let root: CompiledProvision
}

/// The value of `Consent.status`.
package enum ContractStatus: String, Hashable, Sendable {
    /// Being written.
    case draft
    /// Proposed and not agreed.
    case proposed
    /// In force.
    case active
    /// Refused by a party.
    case rejected
    /// No longer in force.
    case inactive
    /// Recorded by mistake.
    case enteredInError = "entered-in-error"
}

/// One provision; every element that it states must match, and an element that it leaves out matches
/// everything.
package struct CompiledProvision: Hashable, Sendable {
    /// What it does where it matches.
    package let type: ProvisionEffect
    /// Persons, groups and organisations, any of which matches; empty for everybody.
    package let actors: [String]
    /// Purposes, any of which matches; empty for every purpose but break-glass.
    package let purposes: [PurposeCode]
    /// When it holds; nil for always.
    package let period: Interval?
}

/// What a provision or a decision says.
package enum ProvisionEffect: String, Hashable, Sendable {
    /// Access is allowed.
    case permit
    /// Access is forbidden.
    case deny
}
