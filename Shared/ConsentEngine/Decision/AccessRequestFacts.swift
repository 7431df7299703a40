/// Who asks for whose records, for what and when, as the service has verified it.
///
/// References are literal, such as `Practitioner/1`. Chains start with the organisation itself and go on
/// with those above it, because an organisation named in a contract covers those below it.
package struct AccessRequestFacts: Hashable, Sendable {
    /// Whose records are asked for.
    package let patient: String
    /// Other identities of the same patient whose contracts count as well.
    package let linkedPatients: [String]
    /// The person who asks.
    package let actor: String
    /// The organisation that the person acts for in this request, then those above it; never their other
    /// employers.
    package let actingFor: [String]
    /// Groups and care teams that list the person.
    package let groups: [String]
    /// The organisation that holds the records, then those above it.
    package let custodian: [String]
    /// The purposes asked for; each is decided on its own.
    package let purposes: [PurposeCode]
    /// What is to be done with the records.
    package let action: ConsentAction
    /// What was found about the conditions of contracts; one that is not here is unknown.
    package let conditions: [ContractCondition: Truth]
    /// The time of the decision in milliseconds since 1970-01-01T00:00:00Z.
    package let atMilliseconds: Int64

    /// States the facts of a request.
    package init(
        patient: String, linkedPatients: [String] = [], actor: String, actingFor: [String],
        groups: [String] = [],
        custodian: [String], purposes: [PurposeCode], action: ConsentAction = .access,
        conditions: [ContractCondition: Truth] = [:], atMilliseconds: Int64
    ) {
        self.patient = patient
        self.linkedPatients = linkedPatients
        self.actor = actor
        self.actingFor = actingFor
        self.groups = groups
        self.custodian = custodian
        self.purposes = purposes
        self.action = action
        self.conditions = conditions
        self.atMilliseconds = atMilliseconds
    }

    /// Tells whether a person, group or organisation named by a contract or policy stands behind this
    /// request.
    func isMade(by reference: String) -> Bool {
        reference == actor || actingFor.contains(reference) || groups.contains(reference)
    }
}

/// A condition of one contract; the number of uses, for one, is counted for each contract.
package struct ContractCondition: Hashable, Sendable {
    /// The contract's id.
    package let contractID: String
    /// What it asks for.
    package let condition: AccessCondition

    /// Names a condition.
    package init(contractID: String, condition: AccessCondition) {
        self.contractID = contractID
        self.condition = condition
    }
}
