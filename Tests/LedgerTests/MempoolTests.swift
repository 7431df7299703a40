import Cryptography
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Model
import Testing

@Suite struct MempoolTests {
    let network: LedgerNetwork

    init() throws { network = try LedgerNetwork(validatorCount: 1) }

    /// Sequences that arrive in this order, and what becomes of each.
    @Test(arguments: [
        ([0, 1, 2], [Intake.held, .held, .held], [0, 1, 2]),
        ([1, 0], [.held, .held], [0, 1]),
        ([0, 2], [.held, .held], [0]),
        ([0, 0], [.held, .known], [0]),
        ([15, 16], [.held, .refused(.sequenceTooFarAhead)], []),
        ([1], [.held], []),
    ])
    func takesWhatFollowsWithoutGap(sequences: [UInt64], expected: [Intake], taken: [UInt64]) throws {
        var mempool = Mempool(on: ChainHead(network.genesis))
        var intakes: [Intake] = []
        for sequence in sequences {
            let submission = try network.verified(network.submission(sequence: sequence))
            intakes.append(mempool.receive(submission, atMilliseconds: 0))
        }
        #expect(intakes == expected)
        #expect(mempool.take(turn: 0).map(\.sequence) == taken)
        #expect(mempool.hasWork == !taken.isEmpty)
    }

    @Test func settlingMovesTheKeyOnAndFreesItsBytes() throws {
        var mempool = Mempool(on: ChainHead(network.genesis))
        let submissions = try (0..<3).map { try network.submission(sequence: $0) }
        for submission in submissions {
            _ = mempool.receive(try network.verified(submission), atMilliseconds: 100)
        }
        let waits = mempool.settle(block(of: Array(submissions[..<2])), atMilliseconds: 130)
        #expect(waits == [30, 30])
        #expect(mempool.nextSequence(of: network.signer(.consent).keyID) == 2)
        #expect(mempool.byteCount == submissions[2].encoded.count)
        let again = mempool.receive(try network.verified(submissions[0]), atMilliseconds: 140)
        #expect(again == .final)
    }

    private func block(of submissions: [Submission]) -> BuiltBlock {
        BlockBuilder.build(
            on: ChainHead(network.genesis), time: LedgerNetwork.createdAt.advanced(byMilliseconds: 1),
            submissions: submissions, next: network.genesis.initial)
    }

    @Test func holdsTwoVersionsOfASequenceAndForgetsBoth() throws {
        var mempool = Mempool(on: ChainHead(network.genesis))
        let versions = try ["a", "b", "c"].map { try network.submission(sequence: 0, salt: $0) }
        let intakes = try versions.map { mempool.receive(try network.verified($0), atMilliseconds: 0) }
        #expect(intakes == [.held, .held, .full])
        #expect(mempool.take(turn: 0) == [versions[0]])
        _ = mempool.settle(block(of: [versions[1]]), atMilliseconds: 0)
        #expect(mempool.count == 0)
        #expect(mempool.byteCount == 0)
    }

    @Test func refusesPublicKinds() throws {
        var mempool = Mempool(on: ChainHead(network.genesis))
        let submission = try network.submission(sequence: 0, kind: EntryKind(rawValue: 0x8001))
        let intake = mempool.receive(try network.verified(submission), atMilliseconds: 0)
        #expect(intake == .refused(.kindNotAllowed))
    }

    @Test func aBlockTakesNoMoreThanItsLimits() throws {
        var mempool = Mempool(on: ChainHead(network.genesis))
        for service in [ServiceName.identity, .consent] {
            for sequence in 0..<8 as Range<UInt64> {
                let submission = try network.submission(by: service, sequence: sequence, entryCount: 1_024)
                _ = mempool.receive(try network.verified(submission), atMilliseconds: 0)
            }
        }
        let taken = mempool.take(turn: 3)
        let entryCount = taken.reduce(0) { $0 + $1.entryCount }
        let byteCount = taken.reduce(0) { $0 + BlockRules.byteCount(of: $1) }
        #expect(entryCount == network.genesis.limits.blockEntriesMax)
        #expect(byteCount <= network.genesis.limits.blockBytesMax)
        // Each key has its share, and no key has a gap.
        for service in [ServiceName.identity, .consent] {
            let own = taken.filter { $0.keyID == network.signer(service).keyID }.map(\.sequence)
            #expect(own == [0, 1, 2, 3])
        }
    }

    @Test func whatNobodySentForASecondIsSentAgainOnce() throws {
        var mempool = Mempool(on: ChainHead(network.genesis))
        let submission = try network.submission(sequence: 0)
        _ = mempool.receive(try network.verified(submission), atMilliseconds: 0)
        let sent = [500, 1_000, 1_001, 2_000].map { now in
            mempool.takeUnsent(forMilliseconds: 1_000, bytesMax: 1_000, atMilliseconds: now).count
        }
        #expect(sent == [0, 1, 0, 1])
    }
}
