package import Cryptography
import LedgerCore
import LedgerProtocol
import Model

/// What became of one seed.
package struct RunReport: Sendable {
    /// The seed that replays it.
    package let seed: UInt64
    /// How many validators there were.
    package let validatorCount: Int
    /// The Byzantine ones and what they did.
    package let behaviours: [Int: Set<Behaviour>]
    /// What was broken; empty for a sound run.
    package let violations: [Violation]
    /// What was done to the network.
    package let faults: [FaultKind: Int]
    /// How many blocks were made.
    package let blockCount: Int
    /// How often the network changed.
    package let changeCount: Int
    /// How long it took, after the faults ended, until all was final everywhere.
    package let healedMilliseconds: Int64
    /// Of the whole chain and all that was done; two runs of one seed give the same.
    package let digest: Digest

    /// How many faults there were.
    package var faultCount: Int { faults.values.reduce(0, +) }
}

/// One network under the faults of one seed: what is done to it, and what must hold.
package enum SeededRun {
    /// The longest time from the end of the faults until all is final on every honest validator.
    ///
    /// Byzantine validators go on meanwhile, and each of their turns costs a round.
    package static let settleMilliseconds: Int64 = 90_000
    private static let quietMilliseconds: Int64 = 4_000

    /// Runs the plan of a seed.
    ///
    /// - Parameter trace: is told every step in one line.
    /// - Throws: what the forms of messages or genesis refuse, which is a fault of the simulation.
    package static func run(
        seed: UInt64, validatorCount: Int? = nil, behaviour: Behaviour? = nil,
        trace: ((String) -> Void)? = nil
    ) throws -> RunReport {
        let plan = FaultPlan(seed: seed, validatorCount: validatorCount, behaviour: behaviour)
        let network = try LedgerNetwork(validatorCount: plan.validatorCount)
        let foreign = try LedgerNetwork(validatorCount: plan.validatorCount, name: "foreign")
        var simulation = Simulation(
            network: network, seed: seed, weather: plan.weather, behaviours: plan.behaviours,
            foreign: foreign, newcomerCount: plan.newcomerCount)
        simulation.trace = trace
        simulation.invariants.heartbeatsAreMade = plan.heartbeatMilliseconds != nil
        simulation.adjust = { $0.heartbeatMilliseconds = plan.heartbeatMilliseconds }
        simulation.isDirect = plan.isDirect
        try simulation.startAll()
        try suffer(plan, &simulation)
        let healed = try heal(plan, &simulation)
        return report(seed, plan, simulation, healed)
    }

    private static func suffer(_ plan: FaultPlan, _ simulation: inout Simulation) throws {
        var sequences: [ServiceName: UInt64] = [:]
        for (at, deed) in plan.deeds {
            _ = try simulation.run(milliseconds: max(0, at - simulation.time))
            switch deed {
            case .submit(let service, let entryCount):
                let sequence = sequences[service] ?? 0
                sequences[service] = sequence + 1
                simulation.submit(
                    try simulation.network.submission(
                        by: service, sequence: sequence, entryCount: entryCount))
            case .cut(let links):
                simulation.cut = links
                if !links.isEmpty { simulation.count(.split) }
            case .crash(let index): simulation.crash(index)
            case .crashMidway(let index, let actions): simulation.crash(index, afterActions: actions)
            case .restore(let index, let blocks):
                simulation.crash(index)
                simulation.restore(index, withoutBlocks: blocks)
            case .start(let index):
                simulation.crash(index)
                try simulation.start(index)
            case .loseTopics: simulation.loseTopics()
            case .skew(let index, let milliseconds): simulation.skew(index, milliseconds: milliseconds)
            case .govern(let change): try simulation.govern(change)
            case .silence(let silence):
                simulation.silence = silence
                if silence != nil { simulation.count(.silenced) }
            }
        }
        _ = try simulation.run(milliseconds: max(0, FaultPlan.healMilliseconds - simulation.time))
    }

    /// Ends all faults but the Byzantine validators, and says how long it takes until all is final.
    private static func heal(_ plan: FaultPlan, _ simulation: inout Simulation) throws -> Int64 {
        simulation.weather = Weather()
        simulation.cut = []
        simulation.silence = nil
        for index in simulation.nodes.indices {
            if simulation.nodes[index].skewMilliseconds != 0 { simulation.skew(index, milliseconds: 0) }
            simulation.nodes[index].actionsLeft = nil
            if simulation.takesPart(index) { try simulation.start(index) }
        }
        let began = simulation.time
        let isSettled = try simulation.run(milliseconds: settleMilliseconds) {
            $0.isSettled && $0.hasEveryBlockEverywhere
        }
        let took = simulation.time - began
        guard isSettled else {
            simulation.invariants.broken(.noProgress, simulation.standing)
            return took
        }
        if plan.behaviours.isEmpty, plan.heartbeatMilliseconds == nil {
            _ = try simulation.run(milliseconds: quietMilliseconds)
            let height = simulation.invariants.chain.count
            _ = try simulation.run(milliseconds: quietMilliseconds)
            if simulation.invariants.chain.count != height {
                simulation.invariants.broken(.restless, "from height \(height)")
            }
        }
        return took
    }

    private static func report(
        _ seed: UInt64, _ plan: FaultPlan, _ simulation: Simulation, _ healed: Int64
    ) -> RunReport {
        var words = simulation.invariants.chain.map(\.head.hash.hex)
        words += simulation.invariants.violations.map(\.description)
        words += FaultKind.allCases.map { "\($0) \(simulation.faults[$0] ?? 0)" }
        words.append("\(simulation.time) \(healed) \(simulation.waits)")
        return RunReport(
            seed: seed, validatorCount: plan.validatorCount, behaviours: plan.behaviours,
            violations: simulation.invariants.violations, faults: simulation.faults,
            blockCount: simulation.invariants.chain.count,
            changeCount: simulation.invariants.history.periods.count - 1, healedMilliseconds: healed,
            digest: SHA256.hash([UInt8](words.joined(separator: "\n").utf8)))
    }
}

extension Simulation {
    /// Whether every honest validator stores everything that any honest one stores.
    package var hasEveryBlockEverywhere: Bool {
        honest.allSatisfy { !takesPart($0) || nodes[$0].commits.count == invariants.chain.count }
    }

    /// Where every validator stands, in one line.
    package var standing: String {
        nodes.indices.map { index in
            guard let core = nodes[index].core else { return "\(index) is down" }
            let agreement = core.agreement
            let settled = submissions.count { nodes[index].settled.contains($0.hash) }
            let lock = agreement.lock.map { "locked in \($0.round)" } ?? "unlocked"
            return "\(index) at \(agreement.height)/\(agreement.round) \(agreement.step) \(lock)"
                + " with \(settled) of \(submissions.count), stored \(core.committedHeight)"
        }
        .joined(separator: "; ")
    }
}
