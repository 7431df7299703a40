/// A contract with how far it acts at the time of a decision.
package struct StandingContract: Hashable, Sendable {
    /// How far a contract acts.
    package enum Standing: String, Hashable, Sendable, CaseIterable {
        /// Everything in it acts.
        case full
        /// Only what it denies acts: it is accepted and not final, its revocation is accepted and not final,
        /// or it came after the decision that is being checked.
        case restrictionsOnly = "restrictions-only"
    }

    /// The contract.
    package let contract: CompiledContract
    /// How far it acts.
    package let standing: Standing

    /// States how far a contract acts.
    package init(_ contract: CompiledContract, _ standing: Standing = .full) {
        self.contract = contract
        self.standing = standing
    }
}
