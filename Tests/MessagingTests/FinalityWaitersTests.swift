import Model
import Testing

@testable import Messaging

@Suite("Waiting for finality")
struct FinalityWaitersTests {
    private let final = EventFinality.final(index: 3, height: BlockHeight(2), treeSize: 5)

    @Test func whatIsResolvedBeforeOrWhileWaitingWakes() async throws {
        let (waiters, id) = (FinalityWaiters(), EntryID.random)
        let early = try waiters.register(id)
        waiters.resolve([id: final])
        #expect(try await waiters.wait(early, timeoutMilliseconds: 5_000) == final)
        let late = try waiters.register(id)
        async let outcome = waiters.wait(late, timeoutMilliseconds: 5_000)
        try await Task.sleep(for: .milliseconds(20))
        waiters.resolve([id: .pending, .random: final])
        waiters.resolve([id: final])
        #expect(try await outcome == final)
        waiters.withdraw(early)
        waiters.withdraw(late)
        #expect(waiters.waitedFor.isEmpty)
    }

    @Test func theTimeRunsOut() async throws {
        let waiters = FinalityWaiters()
        let ticket = try waiters.register(.random)
        let outcome = try await waiters.wait(ticket, timeoutMilliseconds: 30)
        #expect(outcome == nil)
    }

    @Test func aCancelledWaitEndsAtOnce() async throws {
        let waiters = FinalityWaiters()
        let started = ContinuousClock.now
        await withThrowingTaskGroup(of: EventFinality?.self) { group in
            let id = EntryID.random
            group.addTask {
                let ticket = try waiters.register(id)
                defer { waiters.withdraw(ticket) }
                return try await waiters.wait(ticket, timeoutMilliseconds: 60_000)
            }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        #expect(waiters.waitedFor.isEmpty && ContinuousClock.now - started < .seconds(5))
    }

    @Test func placesAreBounded() throws {
        let waiters = FinalityWaiters()
        let tickets = try (0..<FinalityWaiters.countMax).map { _ in try waiters.register(.random) }
        #expect(throws: MessagingFault.self) { try waiters.register(.random) }
        waiters.withdraw(tickets[0])
        #expect(throws: Never.self) { try waiters.register(.random) }
    }
}
