import LedgerCore
import LedgerProtocol
import Model

/// Locks, valid values and the clock, at height 1 of four validators.
enum LockScenarios {
    /// A validator that precommitted `block` in round 0 and is locked on it.
    static func locked(on block: BuiltBlock, _ bench: inout Bench) throws {
        bench.give([try bench.proposal(block, round: 0)])
        bench.give(bench.votes(.prevote, round: 0, block, by: [1, 2, 3]))
    }

    /// Takes it into a later round by what others say there.
    static func enter(_ round: UInt32, _ bench: inout Bench) {
        bench.give(bench.votes(.prevote, round: round, nil, by: [2, 3]))
    }

    static func aLockHolds() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        let (block, other) = (bench.block(900), bench.block(901))
        try locked(on: block, &bench)
        findings.expect(
            bench.lastVote(.precommit), is: bench.name(0, block), "it does not precommit a quorum")
        enter(1, &bench)
        bench.give([try bench.proposal(other, round: 1)])
        findings.expect(bench.lastVote(.prevote), is: bench.name(1, nil), "the lock does not hold")
        return findings
    }

    static func aLockYieldsToANewerQuorum() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        let (block, other) = (bench.block(900), bench.block(901))
        try locked(on: block, &bench)
        enter(2, &bench)
        bench.give([try bench.proposal(other, round: 2, validRound: 1)])
        findings.expect(bench.lastVote(.prevote), is: bench.name(2, other), "the lock never yields")
        return findings
    }

    static func anOlderQuorumDoesNotOpenALock() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        let (block, other) = (bench.block(900), bench.block(901))
        bench.give([try bench.proposal(other, round: 0)])
        enter(1, &bench)
        bench.give([try bench.proposal(block, round: 1)])
        bench.give(bench.votes(.prevote, round: 1, block, by: [1, 2, 3]))
        findings.expect(
            bench.lastVote(.precommit), is: bench.name(1, block), "it does not precommit a quorum")
        enter(2, &bench)
        bench.give([try bench.proposal(other, round: 2, validRound: 0)])
        findings.expect(bench.lastVote(.prevote), is: bench.name(2, nil), "an older quorum opens the lock")
        return findings
    }

    static func aLockSurvivesACrash() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        let (block, other) = (bench.block(900), bench.block(901))
        try locked(on: block, &bench)
        try bench.restart()
        findings.expect(bench.lastVote(.precommit), is: bench.name(0, block), "the vote is not sent again")
        enter(1, &bench)
        bench.give([try bench.proposal(other, round: 1)])
        findings.expect(bench.lastVote(.prevote), is: bench.name(1, nil), "the lock is lost in a crash")
        return findings
    }

    static func aValidValueSurvivesACrash() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        let block = bench.block(900)
        try locked(on: block, &bench)
        try bench.restart()
        enter(3, &bench)
        let again = bench.ownProposals.last
        findings.expect(again?.blockHash, is: block.blockHash, "the valid value is not proposed again")
        findings.expect(again?.content.validRound, is: 0, "it is proposed without its round")
        return findings
    }

    /// A quorum that comes when the round was given up makes a valid value and no lock: lines 36 to 43.
    static func aLateQuorumMakesAValidValueOnly() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        let block = bench.block(900)
        bench.give([try bench.proposal(block, round: 0)])
        bench.give(bench.votes(.prevote, round: 0, nil, by: [2, 3]))
        bench.wait(milliseconds: 600)
        findings.expect(bench.lastVote(.precommit), is: bench.name(0, nil), "the round is not given up")
        bench.give(bench.votes(.prevote, round: 0, block, by: [1, 2, 3]))
        findings.expect(bench.core.agreement.lock == nil, "it locks after its precommit")
        findings.expect(bench.core.agreement.valid?.round, is: 0, "the valid value is not noted")
        enter(3, &bench)
        findings.expect(
            bench.ownProposals.last?.blockHash, is: block.blockHash, "the valid value is not proposed again")
        return findings
    }

    static func newProposalsAreHeldAgainstTheClock() throws -> Findings {
        var findings = Findings()
        for skew in [-3_600_000, 3_600_000] as [Int64] {
            var bench = try Bench(skewMilliseconds: skew)
            bench.give([try bench.proposal(bench.block(900), round: 0)])
            findings.expect(
                bench.lastVote(.prevote), is: bench.name(0, nil), "an untimely block is voted for")
            let difference = bench.core.clockDifferenceMilliseconds ?? 0
            findings.expect(
                difference.signum(), is: -skew.signum(), "the difference of the clocks is not stated")
        }
        return findings
    }

    static func reproposalsAreNotHeldAgainstTheClock() throws -> Findings {
        var findings = Findings()
        for skew in [-3_600_000, 3_600_000] as [Int64] {
            var bench = try Bench(skewMilliseconds: skew)
            let block = bench.block(900)
            enter(1, &bench)
            bench.give([try bench.proposal(block, round: 1, validRound: 0)])
            findings.expect(
                bench.lastVote(.prevote), is: bench.name(1, block), "a re-proposal is compared with a clock")
        }
        return findings
    }
}
