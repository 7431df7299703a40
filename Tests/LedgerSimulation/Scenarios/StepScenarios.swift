import Cryptography
import LedgerCore
import LedgerProtocol
import Model
import TransparencyLog

/// One validator's rules for rounds, proposals and evidence.
enum StepScenarios {
    static func higherRoundsAreJoined() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        bench.give(bench.votes(.prevote, round: 7, nil, by: [2]))
        findings.expect(bench.core.agreement.round, is: 0, "one validator alone moves it to another round")
        bench.give(bench.votes(.prevote, round: 5, nil, by: [3]))
        findings.expect(bench.core.agreement.round, is: 5, "it does not follow to a round of f + 1")
        return findings
    }

    static func roundsEndByTheirTimeOuts() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        bench.give([.submission(try bench.network.submission(sequence: 0))])
        bench.wait(milliseconds: 1_100)
        findings.expect(bench.lastVote(.prevote), is: bench.name(0, nil), "a silent proposer is waited for")
        bench.give(bench.votes(.prevote, round: 0, bench.block(900), by: [1, 2]))
        bench.wait(milliseconds: 600)
        findings.expect(bench.lastVote(.precommit), is: bench.name(0, nil), "split prevotes are waited for")
        bench.give(bench.votes(.precommit, round: 0, nil, by: [1]))
        bench.give(bench.votes(.precommit, round: 0, bench.block(900), by: [2]))
        bench.wait(milliseconds: 100)
        findings.expect(bench.core.agreement.round, is: 0, "a block that others precommit is not waited for")
        bench.wait(milliseconds: 500)
        findings.expect(bench.core.agreement.round, is: 1, "a round without a block does not end")
        return findings
    }

    static func aQuorumForNothingIsNotWaitedOut() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        bench.give(bench.votes(.prevote, round: 0, nil, by: [1, 2, 3]))
        bench.give([.submission(try bench.network.submission(sequence: 0))])
        bench.wait(milliseconds: 1_010)
        findings.expect(
            bench.lastVote(.precommit), is: bench.name(0, nil), "q prevotes for nil wait for a time-out")
        bench.give(bench.votes(.precommit, round: 0, nil, by: [1, 2]))
        bench.wait(milliseconds: 50)
        findings.expect(bench.core.agreement.round, is: 1, "q precommits for nil are waited out")
        return findings
    }

    static func proposersOutOfTurnAreNotHeard() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        bench.give([try bench.proposal(bench.block(900), round: 0, by: 2)])
        findings.expect(bench.lastVote(.prevote), is: nil, "a proposal out of turn is voted on")
        return findings
    }

    static func reproposalsNeedTheirQuorum() throws -> Findings {
        var findings = Findings()
        for isForged in [false, true] {
            var bench = try Bench()
            let block = bench.block(900)
            LockScenarios.enter(1, &bench)
            var prevotes = bench.votes(.prevote, round: 0, block, by: [1, 2])
            if isForged {
                let signed = bench.vote(.prevote, round: 0, block, by: 2)
                prevotes.append(
                    Vote(
                        networkID: signed.networkID, step: .prevote, height: signed.height, round: 0,
                        blockHash: signed.blockHash, validator: ValidatorIndex(3),
                        signature: signed.signature))
            }
            bench.give([try bench.proposal(block, round: 1, validRound: 0, prevotes: prevotes)])
            findings.expect(bench.lastVote(.prevote), is: nil, "a valid round without its quorum counts")
        }
        return findings
    }

    /// Blocks that break one rule each get a vote for nothing.
    static func badBlocksAreVotedDown() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        let submissions = try (0..<2 as Range<UInt64>).map { try bench.network.submission(sequence: $0) }
        let good = bench.block(900, submissions: submissions)
        let text = Checkpoint(
            origin: bench.genesis.initial.origin, size: good.treeSize, root: SHA256.hash([1])
        ).text
        let bad: [(String, LedgerMessage)] = [
            ("another root", try bench.proposal(good, round: 0, checkpointText: text)),
            ("a time that is not later", try bench.proposal(bench.block(0), round: 0)),
            (
                "a gap in a key's sequences",
                try bench.proposal(bench.block(900, submissions: [submissions[1]]), round: 0)
            ),
            (
                "submissions out of their order",
                try bench.proposal(good, round: 0, hashes: submissions.reversed().map(\.hash))
            ),
            ("another predecessor", try bench.proposal(misplaced(bench), round: 0)),
        ]
        for (what, proposal) in bad {
            bench = try Bench()
            bench.give(submissions.map { .submission($0) })
            bench.give([proposal])
            findings.expect(bench.lastVote(.prevote), is: bench.name(0, nil), "\(what) is voted for")
        }
        bench = try Bench()
        bench.give(submissions.map { .submission($0) })
        bench.give([try bench.proposal(good, round: 0)])
        findings.expect(bench.lastVote(.prevote), is: bench.name(0, good), "a sound block is voted down")
        return findings
    }

    /// A block of height 1 that does not follow on genesis.
    private static func misplaced(_ bench: Bench) -> BuiltBlock {
        let genesis = ChainHead(bench.genesis)
        let head = ChainHead(
            height: genesis.height, hash: SHA256.hash([2]), time: genesis.time, tree: genesis.tree,
            network: genesis.network)
        return BlockBuilder.build(
            on: head, time: genesis.time.advanced(byMilliseconds: 900), submissions: [],
            next: bench.genesis.initial)
    }

    static func doubleVotesAreReported() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        bench.give(bench.votes(.prevote, round: 0, bench.block(900), by: [2]))
        bench.give(bench.votes(.prevote, round: 0, nil, by: [2]))
        findings.expect(
            bench.evidence.map(\.first.validator), is: [ValidatorIndex(2)], "a double vote is not reported")
        return findings
    }

    /// What a faulty validator sends for far rounds takes no more room than two of them.
    static func floodsAreBounded() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        bench.give([.submission(try bench.network.submission(sequence: 0))])
        for number in 1...300 as ClosedRange<Int64> {
            bench.give(bench.votes(.prevote, round: UInt32(number), bench.block(number), by: [2]))
            bench.give(bench.votes(.precommit, round: 0, bench.block(number), by: [2]))
        }
        let held = bench.core.agreement.heldMessages.votes.count
        findings.expect(held <= 4, "\(held) votes of one faulty validator are held")
        return findings
    }

    /// A quorum of precommits that comes when its round is over still decides: lines 49 to 51.
    static func oldRoundsStillDecide() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        let block = bench.block(900)
        bench.give([try bench.proposal(block, round: 0)])
        LockScenarios.enter(2, &bench)
        bench.give(bench.votes(.precommit, round: 0, block, by: [1, 2, 3]))
        findings.expect(bench.commits.count, is: 1, "a quorum of an earlier round does not decide")
        return findings
    }

    static func finalBlocksNeedTheirCertificate() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        let (block, other) = (bench.block(900), bench.block(901))
        // One signs for all, in a form that looks like a quorum.
        let signature = bench.vote(.precommit, round: 0, block, by: 1).signature
        let forged = Certificate(
            networkID: bench.genesis.networkID, height: block.height, round: 0, blockHash: block.blockHash,
            members: (1...3).map { .init(validator: ValidatorIndex($0), signature: signature) })
        bench.give([.finalBlock(finalBlock(block, forged, submissions: []))])
        findings.expect(bench.core.chain.height.value, is: 0, "forged precommits decide")
        for (voted, signers, isFinal) in [
            (block, [1, 2], false), (other, [1, 2, 3], false), (block, [1, 2, 3], true),
        ] {
            let certificate = certificate(for: voted, by: signers, bench)
            bench.give([.finalBlock(finalBlock(block, certificate, submissions: []))])
            findings.expect(
                bench.core.chain.height.value == 1, is: isFinal,
                "\(signers.count) precommits for \(voted == block ? "it" : "another block") decide")
        }
        return findings
    }

    /// A final block with other submissions, sent beside the genuine one before either can be judged.
    static func falseVersionsKeepNoBlockOut() throws -> Findings {
        var findings = Findings()
        for isFalseFirst in [false, true] {
            var bench = try Bench()
            let first = bench.block(900)
            let genuine = try bench.network.submission(sequence: 0)
            let other = try bench.network.submission(sequence: 0, salt: "other")
            let second = BlockBuilder.build(
                on: first.head, time: first.entry.time.advanced(byMilliseconds: 10), submissions: [genuine],
                next: bench.genesis.initial)
            let decided = certificate(for: second, by: [1, 2, 3], bench)
            let versions = [genuine, other].map {
                LedgerMessage.finalBlock(finalBlock(second, decided, submissions: [$0]))
            }
            bench.give(isFalseFirst ? versions.reversed() : versions)
            let before = certificate(for: first, by: [1, 2, 3], bench)
            bench.give([.finalBlock(finalBlock(first, before, submissions: []))])
            findings.expect(bench.core.chain.hash, is: second.blockHash, "a false version keeps a block out")
        }
        return findings
    }

    private static func certificate(for block: BuiltBlock, by signers: [Int], _ bench: Bench) -> Certificate {
        let members = bench.votes(.precommit, round: 0, block, by: signers).map {
            Certificate.Member(validator: $0.validator, signature: $0.signature)
        }
        return Certificate(
            networkID: bench.genesis.networkID, height: block.height, round: 0, blockHash: block.blockHash,
            members: members)
    }

    private static func finalBlock(
        _ block: BuiltBlock, _ certificate: Certificate, submissions: [Submission]
    ) -> FinalBlock {
        FinalBlock(
            blockEntry: block.entry, checkpointText: block.checkpointText, certificate: certificate,
            submissions: submissions)
    }

    /// The sign-state refuses what would contradict an earlier signature, whoever asks for it.
    static func nothingIsSignedTwice() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        let (block, other) = (bench.block(900), bench.block(901))
        let keys = bench.network.keys[0]
        var state = SignState(networkID: bench.genesis.networkID, validator: ValidatorIndex(0))
        for step in VoteStep.allCases {
            _ = try state.vote(
                step, height: block.height, round: 1, blockHash: block.blockHash, signer: keys.consensus)
            for (round, hash) in [(1, other.blockHash), (1, nil), (0, block.blockHash)] as [(UInt32, Digest?)]
            {
                let isRefused =
                    (try? state.vote(
                        step, height: block.height, round: round, blockHash: hash, signer: keys.consensus))
                    == nil
                findings.expect(isRefused, "\(step) of round \(round) is signed after one of round 1")
            }
        }
        _ = try state.cosign(
            checkpointText: block.checkpointText, height: block.height, time: bench.moment.wallClock,
            signer: keys.cosignature)
        let isCosignedTwice =
            (try? state.cosign(
                checkpointText: other.checkpointText, height: other.height, time: bench.moment.wallClock,
                signer: keys.cosignature)) != nil
        findings.expect(!isCosignedTwice, "two checkpoints of one height are cosigned")
        return findings
    }

    /// Its database is lost after it voted at height 2: for height 1 it has voted before, whatever it was.
    static func nothingIsVotedBehindTheSignState() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        let block = bench.block(900)
        bench.give([try bench.proposal(block, round: 0)])
        for step in [VoteStep.prevote, .precommit] {
            bench.give(bench.votes(step, round: 0, block, by: [1, 2, 3]))
        }
        bench.give([.submission(try bench.network.submission(sequence: 0))])
        bench.wait(milliseconds: 1_100)
        findings.expect(bench.lastVote(.prevote), is: bench.name(0, nil), "it does not vote at height 2")
        try bench.restart()
        findings.expect(bench.core.isBehindSignState, "the sign-state is not ahead of the database")
        bench.give([try bench.proposal(bench.block(901), round: 0)])
        findings.expect(
            bench.lastVote(.prevote), is: nil, "another block is voted for at a height that is over")
        bench.wait(milliseconds: 3_000)
        findings.expect(bench.lastVote(.prevote), is: nil, "a vote is signed for a height that is over")
        findings.add(bench.invariants.violations)
        return findings
    }

    /// Whatever it sends is on its disk first, also while a block is being stored.
    static func nothingLeavesBeforeItIsDurable() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        let block = bench.block(900)
        try LockScenarios.locked(on: block, &bench)
        bench.give(bench.votes(.precommit, round: 0, block, by: [1, 2]))
        findings.expect(bench.commits.count, is: 1, "a quorum of precommits does not decide")
        findings.add(bench.invariants.violations)
        return findings
    }

    /// A vote for a height that is over is answered with that height's block.
    static func oldHeightsAreAnsweredWithCertificates() throws -> Findings {
        var (findings, bench) = (Findings(), try Bench())
        let block = bench.block(900)
        try LockScenarios.locked(on: block, &bench)
        bench.give(bench.votes(.precommit, round: 0, block, by: [1, 2]))
        bench.wait(milliseconds: 2_100)
        bench.give(bench.votes(.prevote, round: 4, nil, by: [3]))
        let wanted = StoredQuestion.finalBlocks(from: block.height, through: block.height)
        findings.expect(bench.answers.contains(wanted), "a vote for an old height is not answered")
        return findings
    }
}
