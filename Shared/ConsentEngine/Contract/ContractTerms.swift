/// What a contract says, in the form that people and tools read; `CompiledContract` is the same, packed.
package struct ContractTerms: Hashable, Sendable {
    /// The contract's id.
    package let contractID: String
    /// The hash of the bytes that were signed, in hexadecimal, as the caller gave it.
    package let version: String
    /// The way of writing that the document follows.
    package let dialect: ConsentDialect
    /// The status that the document states; only an active contract counts.
    package let status: ContractStatus
    /// Whose records it is about, such as `Patient/1`.
    package let patient: String
    /// The organisations that it binds with everything below them, such as `Organization/1`.
    package let custodians: [String]
    /// The registered policy that it refers to, if any.
    package let policyURI: String?
    /// The provision that everything else in the contract refines.
    package let root: Provision
    /// The provisions inside the root, each with what it inherits; where one matches it overrides the root.
    package let nested: [Provision]

    /// States the terms of a contract, such as a document might have: references are literal, and lists of
    /// actions and codes of confidentiality in the order of their cases.
    package init(
        contractID: String, version: String, dialect: ConsentDialect = .pcf, status: ContractStatus = .active,
        patient: String, custodians: [String], policyURI: String? = nil, root: Provision,
        nested: [Provision] = []
    ) {
        self.contractID = contractID
        self.version = version
        self.dialect = dialect
        self.status = status
        self.patient = patient
        self.custodians = custodians
        self.policyURI = policyURI
        self.root = root
        self.nested = nested
    }

    /// The root and those inside it, in the order of the document.
    package var provisions: [Provision] { [root] + nested }

    /// Names a provision by its place among `provisions`, as it stands in the document.
    package func path(_ index: Int) -> String { dialect.path(index) }
}

/// A way of writing a consent; what fits none of them is refused.
package enum ConsentDialect: UInt8, Hashable, Sendable, CaseIterable {
    /// IHE PCF 1.1 on FHIR R4: every provision states its type, the root too.
    case pcf
    /// FHIR R4 as it was before PCF: `policyRule` states OPTIN or OPTOUT, nested provisions are exceptions.
    case policyRule
    /// FHIR R5: `decision` states what holds, each provision is an exception of the opposite effect.
    case r5Decision

    /// Names a provision by its number, 0 for the root.
    func path(_ index: Int) -> String {
        switch (self, index) {
        case (.pcf, 0), (.policyRule, 0): "provision"
        case (.pcf, _), (.policyRule, _): "provision.provision[\(index - 1)]"
        case (.r5Decision, 0): "decision"
        case (.r5Decision, _): "provision[\(index - 1)]"
        }
    }
}

/// The value of `Consent.status`.
package enum ContractStatus: String, Hashable, Sendable, CaseIterable {
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

/// What a provision or a decision says.
package enum ProvisionEffect: String, Hashable, Sendable, CaseIterable {
    /// Access is allowed.
    case permit
    /// Access is forbidden.
    case deny

    /// The other one.
    package var opposite: ProvisionEffect {
        switch self {
        case .permit: .deny
        case .deny: .permit
        }
    }
}

/// One provision with what it inherits; every element that it states must match, and an element that it
/// leaves out matches everything.
package struct Provision: Hashable, Sendable {
    /// What it does where it matches.
    package let effect: ProvisionEffect
    /// Persons, groups and organisations, any of which matches; empty for everybody.
    package let actors: [String]
    /// Purposes, any of which matches; empty for every purpose but break-glass.
    package let purposes: [PurposeCode]
    /// Actions, any of which matches; empty for every action.
    package let actions: [ConsentAction]
    /// When it holds, within the root's period; nil for always.
    package let period: Interval?
    /// What must be so besides, each of them; empty for nothing.
    package let conditions: [AccessCondition]
    /// Which resources it is about.
    package let scope: DataScope

    /// States a provision.
    package init(
        _ effect: ProvisionEffect, actors: [String] = [], purposes: [PurposeCode] = [],
        actions: [ConsentAction] = [], period: Interval? = nil, conditions: [AccessCondition] = [],
        scope: DataScope = DataScope()
    ) {
        self.effect = effect
        self.actors = actors
        self.purposes = purposes
        self.actions = actions
        self.period = period
        self.conditions = conditions
        self.scope = scope
    }
}

/// A code of FHIR's consentaction: what is done with data.
package enum ConsentAction: String, Hashable, Sendable, CaseIterable {
    /// Gather data.
    case collect
    /// Read data.
    case access
    /// Make use of data.
    case use
    /// Pass data on.
    case disclose
    /// Change data.
    case correct

    /// The code system.
    package static let system = "http://terminology.hl7.org/CodeSystem/consentaction"

    /// Tells whether a provision that names this action speaks about another one.
    ///
    /// A permit must name the action. What is read may be used and passed on, so a deny of either forbids
    /// reading too.
    func covers(_ action: ConsentAction, as effect: ProvisionEffect) -> Bool {
        if self == action { return true }
        return effect == .deny && action == .access && (self == .use || self == .disclose)
    }
}
