import Cryptography
import LedgerCore
import LedgerProtocol
import Model

/// A dishonest service and a dishonest proposer make the validators count a key's sequences differently.
///
/// The service signs the same two entries as one submission and as two. Both give the same header, and the
/// proposer names the one to validators 2 and 3 and the other to validator 0.
enum DisputeScenario {
    static func aDisputedKeyStallsItselfOnly() throws -> Findings {
        var findings = Findings()
        let network = try LedgerNetwork(validatorCount: 4)
        var simulation = Simulation(network: network, seed: 3, behaviours: [1: [.silent]])
        for index in [0, 2, 3] { try simulation.start(index) }
        try divide(&simulation)
        _ = try simulation.run(milliseconds: 2_000)
        findings.expect(simulation.invariants.chain.count, is: 1, "the divided entries are not decided")
        // What follows in the one count and in the other.
        for sequence in 1...2 as ClosedRange<UInt64> {
            simulation.inject(try later(sequence, network).encoded)
        }
        for sequence in 0..<3 as Range<UInt64> {
            simulation.submit(try network.submission(sequence: sequence))
            _ = try simulation.run(milliseconds: 3_000)
        }
        let isSettled = try simulation.run(milliseconds: 30_000) { $0.isSettled }
        findings.expect(isSettled, "a disputed key stalls the others: \(simulation.standing)")
        findings.add(simulation.invariants.violations)
        return findings
    }

    private static func later(_ sequence: UInt64, _ network: LedgerNetwork) throws -> Submission {
        try network.submission(by: .notification, sequence: sequence, salt: "later")
    }

    /// Shows each side its division of the entries and a proposal that names it.
    private static func divide(_ simulation: inout Simulation) throws {
        let network = simulation.network
        let whole = try network.submission(by: .notification, sequence: 0, entryCount: 2)
        let parts = try whole.entries.enumerated().map { place, entry in
            try Submission.make(
                networkID: network.genesis.networkID, sequence: UInt64(place), entries: [entry],
                signer: network.signer(.notification))
        }
        for (submissions, receivers) in [([whole], [2, 3]), (parts, [0])] {
            let block = BlockBuilder.build(
                on: ChainHead(network.genesis),
                time: LedgerNetwork.createdAt.advanced(byMilliseconds: 1_000), submissions: submissions,
                next: network.genesis.initial)
            let proposal = try Proposal.make(
                Proposal.Content(
                    networkID: network.genesis.networkID, round: 0, validRound: nil,
                    proposer: ValidatorIndex(1), submissionHashes: block.submissions.map(\.hash),
                    blockEntry: block.entry, checkpointText: block.checkpointText, prevotes: []),
                signer: network.keys[1].consensus)
            for submission in submissions { simulation.inject(submission.encoded, to: receivers) }
            simulation.inject(proposal.encoded, to: receivers)
        }
    }
}
