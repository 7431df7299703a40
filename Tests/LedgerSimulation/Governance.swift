import Cryptography
import LedgerCore
import LedgerProtocol
import Model

/// Changes to the validators of a network that is at work.
extension Simulation {
    /// Submits a change by the network in force, unless one is under way or too many would be faulty then.
    ///
    /// Who leaves is drawn, also among the Byzantine. A newcomer is started at once: it follows until the
    /// network names it.
    ///
    /// - Throws: what the forms of messages refuse, which is a fault of the simulation.
    mutating func govern(_ change: FaultPlan.Change) throws {
        guard let state = newestNetwork, self.change.map({ isFinal($0) }) ?? true else { return }
        let newcomer = state.members.nextValidatorIndex.position
        let inForce = state.validatorIndices.map(\.position)
        let leaver = change == .join ? nil : inForce.randomElement(using: &numbers)
        let joins = change != .leave
        var after = Set(inForce)
        if let leaver { after.remove(leaver) }
        if joins { after.insert(newcomer) }
        let faultyCount = after.count { adversaries[$0] != nil }
        guard !joins || newcomer < nodes.count, 3 * faultyCount < after.count else { return }
        let changes: [GovernanceChange]
        if let leaver, let validator = state.validator(ValidatorIndex(UInt16(leaver))) {
            let organization =
                network.genesis.organizations.firstIndex { $0.id == validator.organization } ?? 0
            let renewed = network.newcomer(newcomer, named: validator.name, organization: organization)
            let index = ValidatorIndex(UInt16(leaver))
            changes = [joins ? .replaceValidator(index, renewed) : .removeValidator(index)]
        } else {
            changes = [.addValidator(network.newcomer(newcomer))]
        }
        let submission = try network.change(changes, of: state, sequence: changeSequence)
        changeSequence += 1
        self.change = submission.hash
        count(.governed)
        trace?("\(time) \(changes[0].description)")
        submit(submission)
        if joins { try start(newcomer) }
    }

    /// Whether a validator is of genesis or was ever named since.
    func takesPart(_ index: Int) -> Bool {
        index < network.keys.count || index < invariants.history.newest.members.nextValidatorIndex.position
            || nodes[index].epoch > 0
    }

    /// The network of the newest block that is stored.
    private var newestNetwork: NetworkState? {
        guard honest.contains(where: { nodes[$0].core != nil }) else { return nil }
        return invariants.history.newest
    }

    private func isFinal(_ hash: Digest) -> Bool { honest.contains { nodes[$0].settled.contains(hash) } }
}
