import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Model
import Testing
import TransparencyLog

/// More Byzantine validators than the network survives: it forks, and whoever sees both sides knows by whom.
@Suite struct ForkTests {
    let simulation: Simulation
    let left: SimulatedValidator
    let right: SimulatedValidator

    init() throws {
        simulation = try ForkScenario.run()
        (left, right) = (
            simulation.nodes[ForkScenario.deceived[0]], simulation.nodes[ForkScenario.deceived[1]]
        )
    }

    private var history: NetworkHistory { NetworkHistory(simulation.network.genesis) }
    private var guilty: [ValidatorIndex] { ForkScenario.guilty.map { ValidatorIndex(UInt16($0)) } }

    private func notes() throws -> (left: SignedNote, right: SignedNote) {
        (try #require(left.notes[BlockHeight(1)]), try #require(right.notes[BlockHeight(1)]))
    }

    @Test func twoHonestValidatorsStoreDifferentBlocks() {
        let (one, other) = (left.commits.first?.block, right.commits.first?.block)
        #expect(one != nil && other != nil && one?.blockHash != other?.blockHash)
        // The checkers of the simulator see it, so they are no ornament.
        let rules = Set(simulation.invariants.violations.map(\.rule))
        #expect(rules.contains(.fork))
    }

    @Test func anyWitnessRefusesTheOtherSide() throws {
        let notes = try notes()
        let logKeys = simulation.network.state.logKeys
        var stored: (size: UInt64, root: Checkpoint)?
        for (note, isAccepted) in [(notes.left, true), (notes.right, false)] {
            let request = try AddCheckpointRequest(oldSize: stored?.size ?? 0, hashes: [], note: note)
            let decision = WitnessDecision.decide(
                request, logKeys: logKeys, stored: stored.map { ($0.size, $0.root.root) })
            switch decision {
            case .accept(let checkpoint):
                #expect(isAccepted)
                stored = (checkpoint.size, checkpoint)
            case .refuse(let refusal): #expect(!isAccepted && refusal.statusCode == 422)
            }
        }
    }

    @Test func theCheckpointsNameTheGuilty() throws {
        let notes = try notes()
        let evidence = try ForkEvidence(notes.left, notes.right, history: history)
        #expect(evidence.guilty == guilty)
    }

    @Test func theCertificatesNameTheGuilty() throws {
        let one = try #require(left.commits.first).certificate
        let other = try #require(right.commits.first).certificate
        let evidence = try ForkEvidence(one, other, history: history)
        #expect(evidence.guilty == guilty)
    }
}
