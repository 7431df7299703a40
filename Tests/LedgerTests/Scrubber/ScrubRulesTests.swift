import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Model
import Testing

@Suite struct ScrubRulesTests {
    @Test(arguments: [(1, 9_900, 3_233), (10, 900, 233), (50, 100, 0), (100, 0, 0)])
    func theShareOfACoreIsKept(sharePercent: Int, restMicroseconds: Int64, ofNew: Int64) {
        let pace = ScrubPace(sharePercent: sharePercent)
        #expect(pace.restMicroseconds(afterBusy: 100, isNew: false) == restMicroseconds)
        #expect(pace.restMicroseconds(afterBusy: 100, isNew: true) == ofNew)
    }

    @Test func onlyWhatWasThereCanBeGone() {
        var memory = ScrubMemory(startHeight: 2)
        // Seen first by the first pass, one with and one without a note.
        var isGone = [memory.isNoteGone(1, isStored: true), memory.isNoteGone(2, isStored: false)]
        memory.finishedPass(through: 2)
        isGone += [memory.isNoteGone(1, isStored: false), memory.isNoteGone(2, isStored: false)]
        // The note comes, and goes.
        isGone += [memory.isNoteGone(2, isStored: true), memory.isNoteGone(2, isStored: false)]
        #expect(isGone == [false, false, true, false, false, true])
        #expect([memory.isNew(2), memory.isNew(3)] == [false, true])
        // A newer height is seen first when it is reached.
        isGone = [memory.isNoteGone(3, isStored: false)]
        memory.saw(3)
        isGone += [memory.isNoteGone(3, isStored: false), memory.isCosignatureGone(4, isStored: true)]
        memory.saw(4)
        isGone.append(memory.isCosignatureGone(4, isStored: false))
        memory.forgetCosignature(4)
        isGone.append(memory.isCosignatureGone(4, isStored: false))
        #expect(isGone == [false, false, false, true, false])
    }

    @Test func evidenceIsKeptAsItWasSeen() throws {
        let chain = try StoredChain([[1]], network: try LedgerNetwork(validatorCount: 4))
        let votes = chain.doubleVote(by: 2)
        let row = EvidenceRow(key: [2, 3, 1, 2], first: votes.first.encoded, second: votes.second.encoded)
        let swapped = EvidenceRow(key: row.key, first: row.second, second: row.first)
        let moved = EvidenceRow(key: [2, 3, 2, 2], first: row.first, second: row.second)
        let same = EvidenceRow(key: row.key, first: row.first, second: row.first)
        var audit = RowAudit<EvidenceRow>()
        let history = NetworkHistory(chain.network.genesis)
        let judgements = [[moved, same], [row], [row], [swapped], [], [row, moved]].map {
            let (removals, rewrites) = audit.judge($0) { row, known in
                known == nil && row.isProof(to: history) ? .believed : .refused
            }
            return [removals, rewrites]
        }
        let expected = [
            [[moved, same], []], [[], []], [[], []], [[swapped], [row]], [[], [row]], [[moved], []],
        ]
        #expect(judgements == expected)
    }

    @Test func aHeldValidatorSignsNothingAndGoesOnAfterwards() throws {
        let network = try LedgerNetwork(validatorCount: 1)
        let settings = network.settings(0)
        let moment = { (milliseconds: Int64) in
            Moment(
                uptimeMilliseconds: milliseconds,
                wallClock: LedgerNetwork.createdAt.advanced(byMilliseconds: milliseconds))
        }
        let state = SignState(networkID: network.genesis.networkID, validator: ValidatorIndex(0))
        var core = ValidatorCore(
            settings: settings, origin: .init(genesis: network.genesis, signState: state), now: moment(1))
        _ = core.start(at: moment(1))
        core.hold()
        let submission = try network.verified(network.submission(sequence: 0))
        var held = core.receive([.submission(submission)], at: moment(2))
        held += core.wake(at: moment(5_000))
        #expect(held.isEmpty)
        #expect(core.signState == state)
        var after = core.release(at: moment(6_000))
        after += core.receive([.submission(submission)], at: moment(6_001))
        after += core.wake(at: moment(7_000))
        let commits = after.filter { if case .commit = $0 { true } else { false } }
        #expect(commits.count == 1)
    }
}
