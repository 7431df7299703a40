import Cryptography
import LedgerCore
import LedgerProtocol
import Model
import TransparencyLog

/// Two of four validators are Byzantine, one more than the network survives, and fork the honest two.
///
/// Validators 0 and 1 propose, prevote, precommit and cosign one block to validator 2 and another one to
/// validator 3, which do not hear each other.
package enum ForkScenario {
    /// The Byzantine validators.
    package static let guilty = [0, 1]
    /// The honest ones, which end up with different blocks of height 1.
    package static let deceived = [2, 3]

    /// Runs the fork.
    ///
    /// - Throws: what the forms of messages or genesis refuse.
    package static func run() throws -> Simulation {
        let network = try LedgerNetwork(validatorCount: 4)
        var simulation = Simulation(
            network: network, seed: 1, behaviours: [0: [.silent], 1: [.silent]])
        simulation.cut = Link.between([2], [3])
        for index in deceived { try simulation.start(index) }
        for index in deceived {
            let submission = try network.submission(sequence: 0, salt: "as \(index) sees it")
            let block = BlockBuilder.build(
                on: ChainHead(network.genesis),
                time: LedgerNetwork.createdAt.advanced(byMilliseconds: 1_000 + Int64(index)),
                submissions: [submission], next: network.genesis.initial)
            simulation.inject(submission.encoded, to: [index])
            for message in try messages(for: block, network) { simulation.inject(message, to: [index]) }
        }
        _ = try simulation.run(milliseconds: 5_000)
        return simulation
    }

    /// Everything that the Byzantine validators sign for a block, whichever it is.
    private static func messages(for block: BuiltBlock, _ network: LedgerNetwork) throws -> [[UInt8]] {
        let genesis = network.genesis
        let proposer = genesis.initial.proposer(height: block.height, round: 0)
        let proposal = try Proposal.make(
            Proposal.Content(
                networkID: genesis.networkID, round: 0, validRound: nil, proposer: proposer,
                submissionHashes: block.submissions.map(\.hash), blockEntry: block.entry,
                checkpointText: block.checkpointText, prevotes: []),
            signer: network.keys[proposer.position].consensus)
        return [proposal.encoded]
            + guilty.flatMap { index -> [[UInt8]] in
                let validator = ValidatorIndex(UInt16(index))
                let votes = VoteStep.allCases.map { step in
                    Vote.make(
                        networkID: genesis.networkID, step: step, height: block.height, round: 0,
                        blockHash: block.blockHash, validator: validator,
                        signer: network.keys[index].consensus
                    ).encoded
                }
                let cosignature = CosignatureMessage(
                    networkID: genesis.networkID, height: block.height, validator: validator,
                    checkpointHash: block.blockHash,
                    cosignature: Cosignature(
                        signing: block.checkpointText, time: 1_795_374_001,
                        with: network.keys[index].cosignature))
                return votes + [cosignature.encoded]
            }
    }
}
