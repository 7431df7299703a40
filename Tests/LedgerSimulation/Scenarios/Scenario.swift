/// A directed test of one guard, which says what did not hold; a sound validator gives nothing to say.
package enum Scenario: String, CaseIterable, Sendable {
    /// A message of an old height is answered with its final block.
    case oldHeightsAreAnsweredWithCertificates
    /// Lines 23 and 29: a lock holds against another block.
    case aLockHolds
    /// Line 29: it yields to a newer quorum.
    case aLockYieldsToANewerQuorum
    /// Line 29: an older quorum does not open it.
    case anOlderQuorumDoesNotOpenALock
    /// The lock is in the sign-state.
    case aLockSurvivesACrash
    /// The valid value is in the sign-state.
    case aValidValueSurvivesACrash
    /// Lines 36 to 43: after the precommit a quorum makes a valid value and no lock.
    case aLateQuorumMakesAValidValueOnly
    /// A new proposal must be near the clock.
    case newProposalsAreHeldAgainstTheClock
    /// A re-proposal is never compared with a clock.
    case reproposalsAreNotHeldAgainstTheClock
    /// Lines 55 and 56: f + 1 take a validator to a higher round, f do not.
    case higherRoundsAreJoined
    /// Lines 57 to 67: each step ends by its time-out.
    case roundsEndByTheirTimeOuts
    /// Lines 44 to 46: a quorum for nil is not waited out.
    case aQuorumForNothingIsNotWaitedOut
    /// Proposals out of turn are not heard.
    case proposersOutOfTurnAreNotHeard
    /// Line 28: a valid round counts with its quorum of prevotes only.
    case reproposalsNeedTheirQuorum
    /// Blocks that break a rule are voted down.
    case badBlocksAreVotedDown
    /// Two votes for one step are evidence.
    case doubleVotesAreReported
    /// A faulty validator cannot fill the memory.
    case floodsAreBounded
    /// Lines 49 to 51: a quorum of an earlier round decides too.
    case oldRoundsStillDecide
    /// Other submissions beside a final block do not keep the genuine one out.
    case falseVersionsKeepNoBlockOut
    /// A final block counts with its certificate only.
    case finalBlocksNeedTheirCertificate
    /// The sign-state refuses a second signature for one step or height.
    case nothingIsSignedTwice
    /// A validator whose database is older than its sign-state votes for no height below it.
    case nothingIsVotedBehindTheSignState
    /// Nothing signed leaves before the sign-state is durable.
    case nothingLeavesBeforeItIsDurable
    /// Without work no blocks are made.
    case noEmptyBlocks
    /// With a heartbeat set, blocks without entries are made at its interval.
    case heartbeatsAreMade
    /// Messages of others are passed on.
    case gossipCarriesOthersMessages
    /// Submissions are passed on to validators that missed them.
    case submissionsReachThoseThatMissedThem
    /// A submission that a proposal names and a validator lacks is asked for, and the question answered.
    case missingSubmissionsAreAskedForAndAnswered
    /// The same in a whole network, where nobody hears a status.
    case oldHeightsAreAnswered
    /// Versions of one sequence, however many, stall nothing.
    case manyVersionsStallNothing
    /// Validators that count a key's sequences differently go on with all other keys.
    case aDisputedKeyStallsItselfOnly
    /// A validator that was away for a hundred blocks catches up.
    case longAbsenceIsCaughtUp
    /// A validator that was away for two hundred blocks catches up, and the others make theirs no slower.
    case anAbsenceSlowsNobody
    /// A validator that stops between any two actions goes on.
    case everyStopIsSurvived
    /// A validator whose database is older than its sign-state catches up before it votes.
    case olderDatabasesCatchUp
    /// A bus that withholds everything, whichever way, costs time only.
    case aSilentBusCostsTimeOnly
    /// A validator catches up while the bus is silent.
    case blocksAreFetchedBesideASilentBus
    /// While the bus works, what it carries is not sent a second time.
    case aWorkingBusIsEnough
    /// Networks of every size from 1 to 16 decide with a quorum and not with fewer.
    case everySizeHasItsQuorum

    /// Runs the scenario.
    ///
    /// - Throws: what the forms of messages or genesis refuse, which is a fault of the scenario.
    package func run() throws -> [String] {
        switch self {
        case .everySizeHasItsQuorum: try (1...16).flatMap { try Scenario.quorum(ofSize: $0) }
        case .anAbsenceSlowsNobody: try Absence.run(blocks: 200).findings
        default: try findings().lines
        }
    }

    /// Runs `everySizeHasItsQuorum` for one size.
    ///
    /// - Throws: as `run` does.
    package static func quorum(ofSize count: Int) throws -> [String] {
        try NetworkScenarios.everySizeHasItsQuorum(count).lines
    }

    private func findings() throws -> Findings {
        switch self {
        case .gossipCarriesOthersMessages: try NetworkScenarios.gossipCarriesOthersMessages()
        case .submissionsReachThoseThatMissedThem:
            try NetworkScenarios.submissionsReachThoseThatMissedThem()
        case .missingSubmissionsAreAskedForAndAnswered:
            try NetworkScenarios.missingSubmissionsAreAskedForAndAnswered()
        case .oldHeightsAreAnsweredWithCertificates:
            try StepScenarios.oldHeightsAreAnsweredWithCertificates()
        case .oldHeightsAreAnswered: try NetworkScenarios.oldHeightsAreAnswered()
        case .longAbsenceIsCaughtUp: try NetworkScenarios.longAbsenceIsCaughtUp()
        case .noEmptyBlocks: try NetworkScenarios.noEmptyBlocks()
        case .heartbeatsAreMade: try NetworkScenarios.heartbeatsAreMade()
        case .manyVersionsStallNothing: try NetworkScenarios.manyVersionsStallNothing()
        case .aDisputedKeyStallsItselfOnly: try DisputeScenario.aDisputedKeyStallsItselfOnly()
        case .everyStopIsSurvived: try NetworkScenarios.everyStopIsSurvived()
        case .olderDatabasesCatchUp: try NetworkScenarios.olderDatabasesCatchUp()
        case .aSilentBusCostsTimeOnly: try DirectScenarios.aSilentBusCostsTimeOnly()
        case .blocksAreFetchedBesideASilentBus: try DirectScenarios.blocksAreFetchedBesideASilentBus()
        case .aWorkingBusIsEnough: try DirectScenarios.aWorkingBusIsEnough()
        case .aLockHolds: try LockScenarios.aLockHolds()
        case .aLockYieldsToANewerQuorum: try LockScenarios.aLockYieldsToANewerQuorum()
        case .anOlderQuorumDoesNotOpenALock: try LockScenarios.anOlderQuorumDoesNotOpenALock()
        case .aLockSurvivesACrash: try LockScenarios.aLockSurvivesACrash()
        case .aValidValueSurvivesACrash: try LockScenarios.aValidValueSurvivesACrash()
        case .aLateQuorumMakesAValidValueOnly: try LockScenarios.aLateQuorumMakesAValidValueOnly()
        case .newProposalsAreHeldAgainstTheClock: try LockScenarios.newProposalsAreHeldAgainstTheClock()
        case .reproposalsAreNotHeldAgainstTheClock: try LockScenarios.reproposalsAreNotHeldAgainstTheClock()
        case .higherRoundsAreJoined: try StepScenarios.higherRoundsAreJoined()
        case .roundsEndByTheirTimeOuts: try StepScenarios.roundsEndByTheirTimeOuts()
        case .aQuorumForNothingIsNotWaitedOut: try StepScenarios.aQuorumForNothingIsNotWaitedOut()
        case .proposersOutOfTurnAreNotHeard: try StepScenarios.proposersOutOfTurnAreNotHeard()
        case .reproposalsNeedTheirQuorum: try StepScenarios.reproposalsNeedTheirQuorum()
        case .badBlocksAreVotedDown: try StepScenarios.badBlocksAreVotedDown()
        case .doubleVotesAreReported: try StepScenarios.doubleVotesAreReported()
        case .floodsAreBounded: try StepScenarios.floodsAreBounded()
        case .oldRoundsStillDecide: try StepScenarios.oldRoundsStillDecide()
        case .falseVersionsKeepNoBlockOut: try StepScenarios.falseVersionsKeepNoBlockOut()
        case .finalBlocksNeedTheirCertificate: try StepScenarios.finalBlocksNeedTheirCertificate()
        case .nothingIsSignedTwice: try StepScenarios.nothingIsSignedTwice()
        case .nothingIsVotedBehindTheSignState: try StepScenarios.nothingIsVotedBehindTheSignState()
        case .nothingLeavesBeforeItIsDurable: try StepScenarios.nothingLeavesBeforeItIsDurable()
        case .everySizeHasItsQuorum, .anAbsenceSlowsNobody: Findings()
        }
    }
}
