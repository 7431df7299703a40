import LedgerProtocol
import Model

/// What a validator does with proof of another's fault.
extension ValidatorCore {
    /// One pair of votes proves the fault; a validator that goes on must not fill memory, log or store.
    package static let evidenceOfOneValidatorMax = 16

    /// Keeps what this validator saw itself, and tells the others, each of which checks it.
    mutating func publish(_ doubleVote: DoubleVote) {
        guard keep(doubleVote) else { return }
        actions.append(
            .send(OutboundMessage(topic: .ledgerConsensus, bytes: doubleVote.encoded, way: .direct)))
    }

    /// Keeps evidence; false when its place is known already or there is enough of that validator.
    mutating func keep(_ doubleVote: DoubleVote) -> Bool {
        let known = evidence.filter { $0.validator == doubleVote.validator }
        let isKnown = known.contains {
            $0.first.height == doubleVote.first.height && $0.first.round == doubleVote.first.round
                && $0.first.step == doubleVote.first.step
        }
        guard !isKnown else { return false }
        guard known.count < Self.evidenceOfOneValidatorMax else {
            droppedEvidenceCount += 1
            return false
        }
        evidence.append(doubleVote)
        actions.append(.report(doubleVote))
        return true
    }
}
