/// Who asks for whose records, for what and when, as the service has verified it.
///
/// References are literal, such as `Practitioner/1`. Chains start with the organisation itself and go on
/// with those above it, because an organisation named in a contract covers those below it.
package struct AccessRequestFacts: Hashable, Sendable {
    /// Whose records are asked for.
    package var patient: String { box.facts.patient }
    /// Other identities of the same patient whose contracts count as well.
    package var linkedPatients: [String] { box.facts.linkedPatients }
    /// The person who asks.
    package var actor: String { box.facts.actor }
    /// The organisation that the person acts for in this request, then those above it; never their other
    /// employers.
    package var actingFor: [String] { box.facts.actingFor }
    /// Groups and care teams that list the person.
    package var groups: [String] { box.facts.groups }
    /// The organisation that holds the records, then those above it.
    package var custodian: [String] { box.facts.custodian }
    /// The purposes asked for; each is decided on its own.
    package var purposes: [PurposeCode] { box.facts.purposes }
    /// What is to be done with the records.
    package var action: ConsentAction { box.facts.action }
    /// What was found about the conditions of contracts; one that is not here is unknown.
    package var conditions: [ContractCondition: Truth] { box.facts.conditions }
    /// The time of the decision in milliseconds since 1970-01-01T00:00:00Z.
    package var atMilliseconds: Int64 { box.facts.atMilliseconds }

    private struct Facts: Hashable, Sendable {
        let patient: String
        let linkedPatients: [String]
        let actor: String
        let actingFor: [String]
        let groups: [String]
        let custodian: [String]
        let purposes: [PurposeCode]
        let action: ConsentAction
        let conditions: [ContractCondition: Truth]
        let atMilliseconds: Int64
    }

    /// Held by reference, because every decision keeps its request.
    private final class Box: Sendable {
        let facts: Facts

        init(_ facts: Facts) {
            self.facts = facts
        }
    }

    private let box: Box

    /// States the facts of a request.
    package init(
        patient: String, linkedPatients: [String] = [], actor: String, actingFor: [String],
        groups: [String] = [],
        custodian: [String], purposes: [PurposeCode], action: ConsentAction = .access,
        conditions: [ContractCondition: Truth] = [:], atMilliseconds: Int64
    ) {
        box = Box(
            Facts(
                patient: patient, linkedPatients: linkedPatients, actor: actor, actingFor: actingFor,
                groups: groups, custodian: custodian, purposes: purposes, action: action,
                conditions: conditions, atMilliseconds: atMilliseconds))
    }

    /// Tells whether two requests state the same facts.
    package static func == (left: AccessRequestFacts, right: AccessRequestFacts) -> Bool {
        left.box === right.box || left.box.facts == right.box.facts
    }

    /// Hashes the facts.
    package func hash(into hasher: inout Hasher) { box.facts.hash(into: &hasher) }

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
