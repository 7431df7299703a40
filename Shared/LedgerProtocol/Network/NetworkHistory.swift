package import Cryptography
package import Model
package import TransparencyLog

/// Every state that the network has had, so that what was signed is judged by who was in force then.
///
/// Indices and key ids are never used twice, so a signature is verified under the one key that it names,
/// whenever it was made; whether that key counted at a height, the state of the height tells.
package struct NetworkHistory: Sendable {
    /// One state and from where on it was in force.
    package struct Period: Hashable, Sendable {
        /// The first height whose block is judged by the state.
        package let first: BlockHeight
        /// The number of leaves before that block; larger checkpoints are cosigned by the state's validators.
        package let treeSizeBefore: UInt64
        /// The state.
        package let state: NetworkState
    }

    /// The periods in their order, at least one.
    package private(set) var periods: [Period]
    private var validators: [ValidatorIndex: GenesisValidator] = [:]
    private var submitters: [KeyID: NetworkSubmitter] = [:]

    /// Starts with the state of the genesis file.
    package init(_ genesis: Genesis) {
        periods = []
        append(genesis.initial, from: BlockHeight(1), treeSizeBefore: 0)
    }

    /// The SHA-256 of the genesis file.
    package var networkID: NetworkID { newest.networkID }
    /// The origin of the log.
    package var origin: String { newest.origin }
    /// The state in force now.
    package var newest: NetworkState { periods[periods.count - 1].state }

    /// Adds a state that is in force from a height on.
    package mutating func append(_ state: NetworkState, from first: BlockHeight, treeSizeBefore: UInt64) {
        periods.append(Period(first: first, treeSizeBefore: treeSizeBefore, state: state))
        for validator in state.validators { validators[validator.index] = validator.member }
        for keyID in state.submitterKeyIDs { submitters[keyID] = state.submitter(keyID) }
    }

    /// The state by which the block of a height is judged.
    package func state(at height: BlockHeight) -> NetworkState {
        (periods.last { $0.first <= height } ?? periods[0]).state
    }

    /// The state whose validators cosign the checkpoint of that size.
    package func state(ofTreeSize size: UInt64) -> NetworkState {
        (periods.last { $0.treeSizeBefore < size } ?? periods[0]).state
    }

    /// Finds a validator that is or was in force.
    package func validator(_ index: ValidatorIndex) -> GenesisValidator? { validators[index] }

    /// Finds who submits or once submitted with a key.
    package func submitter(_ keyID: KeyID) -> NetworkSubmitter? { submitters[keyID] }

    /// Finds the service that signs or once signed with a key.
    package func service(keyID: KeyID) -> GenesisService? {
        guard case .service(let service) = submitters[keyID] else { return nil }
        return service
    }

    /// Checks a signed checkpoint strictly, by the validators that were in force at its size.
    ///
    /// - Throws: `ProtocolFault` that says what does not hold.
    package func verify(_ note: SignedNote) throws(ProtocolFault) -> VerifiedCheckpoint {
        let checkpoint: Checkpoint
        do throws(NoteError) { checkpoint = try Checkpoint(parsing: note.text) } catch {
            throw ProtocolFault(.inconsistent, error.description)
        }
        return try state(ofTreeSize: checkpoint.size).verify(note)
    }

    /// Checks what every signed message of a validator has in common.
    func verify(
        _ signature: Signature, of message: [UInt8], by index: ValidatorIndex, networkID: NetworkID,
        noun: String
    ) throws(ProtocolFault) {
        guard networkID == self.networkID else {
            throw ProtocolFault(.wrongNetwork, "the \(noun) is for another network")
        }
        guard let validator = validator(index) else {
            throw ProtocolFault(.unknownValidator, "the \(noun) names the unknown validator `\(index)`")
        }
        guard validator.consensusKey.verifies(signature, of: message) else {
            throw ProtocolFault(
                .badSignature, "the \(noun) is not signed by the consensus key of `\(validator.name)`")
        }
    }
}
