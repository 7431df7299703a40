import Cryptography
import LedgerAdapters
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Model
import Postgres
import TestSupport
import Testing

/// Validators that join, leave and get new keys while the network works.
@Suite struct GovernanceAgreementTests {
    /// Submits entries and runs until they are stored by these validators.
    private func settle(
        _ governed: inout GovernedNetwork, _ sequence: UInt64, at indices: [Int]
    ) throws {
        let submission = try governed.network.submission(sequence: sequence)
        governed.submit(submission)
        let isSettled = governed.run(milliseconds: 20_000) { governed in
            indices.allSatisfy { governed.settled($0).contains(submission.hash) }
        }
        #expect(isSettled, "sequence \(sequence)")
    }

    private func agree(
        _ governed: inout GovernedNetwork, _ submission: Submission, at indices: [Int]
    ) {
        governed.submit(submission)
        let isAgreed = governed.run(milliseconds: 20_000) { governed in
            indices.allSatisfy { governed.settled($0).contains(submission.hash) }
        }
        #expect(isAgreed)
    }

    @Test func aValidatorJoinsOneLeavesAndOneGetsNewKeysWhileEntriesBecomeFinal() throws {
        var governed = try GovernedNetwork()
        for index in 0..<4 { governed.start(index) }
        try settle(&governed, 0, at: [0, 1, 2, 3])
        agree(
            &governed, try governed.change([.addValidator(governed.network.newcomer(4))], sequence: 0),
            at: [0, 1, 2, 3])
        #expect(governed.state().quorum == 4)
        // The newcomer knows the genesis file alone and catches up.
        governed.start(4)
        try settle(&governed, 1, at: [0, 1, 2, 3, 4])
        // Four of five are needed now, so nothing is decided without the newcomer.
        governed.stop(3)
        try settle(&governed, 2, at: [0, 1, 2, 4])
        let withNewcomer = governed.commits[1]?.last?.certificate.members.map(\.validator.value)
        #expect(withNewcomer == [0, 1, 2, 4])

        agree(
            &governed, try governed.change([.removeValidator(ValidatorIndex(0))], sequence: 1),
            at: [0, 1, 2, 4])
        try settle(&governed, 3, at: [0, 1, 2, 4])
        let withoutLeaver = governed.commits[1]?.last?.certificate.members.map(\.validator.value)
        #expect(withoutLeaver == [1, 2, 4])
        #expect(governed.cores[0]?.isInForce == false)

        let old = try #require(governed.state().validator(ValidatorIndex(1)))
        let renewed = governed.network.newcomer(5, named: old.name, organization: 1)
        agree(
            &governed, try governed.change([.replaceValidator(ValidatorIndex(1), renewed)], sequence: 2),
            at: [0, 1, 2, 4])
        governed.start(5)
        try settle(&governed, 4, at: [0, 2, 4, 5])
        let withNewKeys = governed.commits[2]?.last?.certificate.members.map(\.validator.value)
        #expect(withNewKeys == [2, 4, 5])
        #expect(governed.halts.isEmpty)

        // One chain, and every height of those that left has its cosignatures.
        _ = governed.run(milliseconds: 3_000) { _ in false }
        let chains = [0, 2, 4, 5].map { governed.commits[$0]?.map(\.block.blockHash) ?? [] }
        #expect(Set(chains).count == 1 && chains[0].count >= 8)
        #expect(governed.notes[0]?.count == chains[0].count)
        // A verifier follows from genesis alone.
        var head = ChainHead(governed.network.genesis)
        for commit in governed.commits[5] ?? [] { head = try commit.finalBlock.verify(after: head) }
        #expect(head.network.validatorIndices.map(\.value) == [2, 3, 4, 5])
    }

    @Test func ofTwoChangesAtOnceOneIsMadeAndTheOtherIsRefused() throws {
        var governed = try GovernedNetwork()
        for index in 0..<4 { governed.start(index) }
        let first = try governed.change([.addValidator(governed.network.newcomer(4))], sequence: 0)
        let second = try governed.change([.addValidator(governed.network.newcomer(5))], by: 1, sequence: 0)
        governed.submit(first)
        governed.submit(second)
        let isChanged = governed.run(milliseconds: 5_000) { governed in
            (0..<4).allSatisfy { governed.state($0).validators.count == 5 }
        }
        #expect(isChanged)
        // Whoever lost learns it when it asks again.
        governed.submit(first)
        governed.submit(second)
        _ = governed.run(milliseconds: 3_000) { _ in false }
        #expect(governed.state().validators.count == 5)
        let codes = Set(governed.refusals.map(\.content.code))
        #expect(codes == [.governanceStale])
        // What is refused leaves no work behind, so a network at rest makes no blocks.
        let height = governed.commits[0]?.count
        _ = governed.run(milliseconds: 5_000) { _ in false }
        #expect(governed.commits[0]?.count == height)
    }

    @Test func aProcessWithAnothersKeysEndsWhenTheNetworkNamesItsOwn() throws {
        var governed = try GovernedNetwork()
        for index in 0..<4 { governed.start(index) }
        let foreign = governed.network.newcomer(7)
        agree(&governed, try governed.change([.addValidator(foreign)], sequence: 0), at: [0, 1, 2, 3])
        // It was started as number 5 with keys that are not those of the validator with index 4.
        governed.start(4)
        // Nobody answers what it signs; it fetches the blocks as anybody can.
        governed.showBlocks(of: 0)
        _ = governed.run(milliseconds: 1_000) { $0.halts[4] != nil }
        #expect(governed.halts[4] == .keysNotInForce)
    }

    @Test func blocksThatMayNotChangeTheNetworkAreRefused() throws {
        let governed = try GovernedNetwork()
        let head = ChainHead(governed.network.genesis)
        let time = LedgerNetwork.createdAt.advanced(byMilliseconds: 10)
        let change = try governed.change([.addValidator(governed.network.newcomer(4))], sequence: 0)
        let state = head.network
        let next = try #require(
            try GovernanceRules.nextState(after: change, on: state, at: BlockHeight(1)))
        func fault(of submissions: [Submission], next: NetworkState) -> BlockFault? {
            let block = BlockBuilder.build(on: head, time: time, submissions: submissions, next: next)
            do throws(BlockFault) {
                _ = try BlockRules.rebuild(
                    entry: block.entry, checkpointText: block.checkpointText, submissions: block.submissions,
                    on: head, nextSequence: { _ in 0 })
                return nil
            } catch {
                return error
            }
        }
        #expect(fault(of: [change], next: next) == nil)
        #expect(fault(of: [change], next: state) == .wrongValidatorSet, "a change that is kept silent")
        #expect(fault(of: [], next: next) == .wrongValidatorSet, "a change that nobody signed")
        let other = try governed.change([.addValidator(governed.network.newcomer(5))], by: 1, sequence: 0)
        #expect(fault(of: [change, other], next: next) == .submissionRefused, "two changes at once")
        let stale = try governed.change([.addValidator(governed.network.newcomer(5))], sequence: 0, on: next)
        #expect(fault(of: [stale], next: next) == .submissionRefused)
    }
}

/// What the store keeps of changes.
@Suite struct GovernanceStoreTests {
    @Test func theHistoryIsReadBackFromTheBlocksAndProven() async throws {
        var governed = try GovernedNetwork()
        for index in 0..<4 { governed.start(index) }
        let joins = try governed.change([.addValidator(governed.network.newcomer(4))], sequence: 0)
        governed.submit(try governed.network.submission(sequence: 0, entryCount: 3))
        governed.submit(joins)
        _ = governed.run(milliseconds: 5_000) { $0.state().validators.count == 5 }
        governed.start(4)
        let leaves = try governed.change([.removeValidator(ValidatorIndex(2))], sequence: 1)
        governed.submit(leaves)
        governed.submit(try governed.network.submission(sequence: 1, entryCount: 2))
        _ = governed.run(milliseconds: 5_000) { $0.settled(0).contains(leaves.hash) }
        let genesis = governed.network.genesis
        let commits = try #require(governed.commits[0])

        let postgres = try await PrivatePostgres.shared().createSchema("validator_1")
        let pool = PostgresPool(postgres)
        let store = try await BlockStore.open(
            pool: pool, schema: postgres.schema, genesis: genesis, validator: ValidatorIndex(0))
        for commit in commits { try await store.append(commit, notes: [:]) }
        let signState = SignState(networkID: genesis.networkID, validator: ValidatorIndex(0))
        let again = try await BlockStore.open(
            pool: pool, schema: postgres.schema, genesis: genesis, validator: ValidatorIndex(0))
        let origin = try await again.load(signState: signState)
        #expect(origin.chain.network == governed.state(0))
        #expect(origin.history.periods == governed.cores[0]?.history.periods)
        #expect(origin.chain.network.validatorIndices.map(\.value) == [0, 1, 3, 4])

        let changes = try await again.changes(partials: origin.tiles)
        #expect(changes.count == 2)
        let proven = try NetworkHistory(genesis, changes: NetworkChangeList(changes))
        #expect(proven.newest == governed.state(0))
        await pool.close()
    }
}
