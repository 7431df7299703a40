import ConsentAdapters
import ConsentCore
import Cryptography
import HTTPTypes
import Model
import ServiceHost
import ServiceRuntime
import Testing
import Tokens

@testable import Messaging

/// Requests that find every place to wait for finality taken.
@Suite struct CrowdedWaitTests {
    @Test func whatIsCommittedIsAnsweredAsPending() async throws {
        try await ConsentNetwork.with(isFinalAtOnce: false) { network in
            _ = try await network.grant(network.document())
            try await network.makeFinal()
            let waiters = network.service.host.eventStore.waiters
            // Sixteen random bytes always make an id.
            let other = EntryID(Random.bytes(16))!
            for _ in 0..<FinalityWaiters.countMax { _ = try waiters.register(other) }
            let made = try await network.submit(network.message(network.document(type: "permit")))
            #expect(made.status == .accepted)
            let asked = try await network.exchange(try network.form())
            #expect(asked.status == .accepted)
            let counts = try await network.rowCounts()
            #expect(counts[2] == 2 && counts[5] == 1)
        }
    }
}
