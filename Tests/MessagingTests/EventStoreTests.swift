import Cryptography
import LedgerProtocol
import Model
import Postgres
import TestSupport
import Testing

@testable import Messaging

@Suite("The event store", .serialized)
struct EventStoreTests {
    private func makeStore(_ network: TestNetwork) async throws -> (EventStore, MessagingContext) {
        let postgres = try await PrivatePostgres.shared().createSchema("consent")
        let context = try network.context(.consent, postgres: postgres)
        try await MessagingSchema.prepare(context)
        return (EventStore(context), context)
    }

    @Test func theEntryCommitsToThePayloadUnderTheSubjectsSecret() async throws {
        let network = try TestNetwork()
        let (store, context) = try await makeStore(network)
        let (id, subject, at) = (
            EntryID.random, ParticipantID.random, Timestamp(milliseconds: 1_700_000_000_123)
        )
        try await context.pool.transaction { session in
            try store.append(
                id: id, type: .consentGranted, subject: subject, data: ["b": 1, "a": "x"], at: at, in: session
            )
        }
        let (disclosed, opening) = try await context.pool.query { session in
            (try store.disclosure(of: id, in: session), try store.opening(of: id, in: session))
        }
        let disclosure = try EventDisclosure(parsing: try #require(disclosed?.disclosure))
        let submitter = try disclosure.verify(NetworkHistory(network.genesis))
        #expect(submitter.service == .consent && disclosure.opening == opening && disclosed?.receipt == nil)
        #expect(disclosure.entry.time == 1_700_000_000 && disclosure.payload.time == at)
        #expect(disclosure.payload.subject == subject && disclosure.payload.type == "consent.granted.v1")
        let data = try await context.pool.query { try store.data(of: id, in: $0) }
        #expect(data?["a"]?.string == "x")
        await context.pool.close()
    }

    @Test func oneSubjectHasOneSecretEvenWhenTransactionsRace() async throws {
        let (store, context) = try await makeStore(TestNetwork())
        let (subject, at) = (ParticipantID.random, context.clock())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try await context.pool.transaction { session in
                        try store.append(
                            id: .random, type: .consentGranted, subject: subject, data: [:], at: at,
                            in: session)
                    }
                }
            }
            try await group.waitForAll()
        }
        let counts = try await context.pool.query { session in
            try session.query(
                "SELECT (SELECT count(*) FROM subject_secret), (SELECT count(*) FROM event)"
            ).map { [try $0.int(0), try $0.int(1)] }
        }
        #expect(counts == [[1, 8]])
        await context.pool.close()
    }

    @Test func aRollbackLeavesNothing() async throws {
        let (store, context) = try await makeStore(TestNetwork())
        let (id, at) = (EntryID.random, context.clock())
        struct Stop: Error {}
        await #expect(throws: Stop.self) {
            try await context.pool.transaction { session in
                try store.append(
                    id: id, type: .consentRevoked, subject: .random, data: [:], at: at, in: session)
                throw Stop()
            }
        }
        let left = try await context.pool.query { session in
            try session.query(
                """
                SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM outbox)
                    + (SELECT count(*) FROM unpublished)
                """
            )[0].int(0)
        }
        #expect(left == 0)
        let finality = try await context.pool.query { try store.finality(of: id, in: $0) }
        #expect(finality == nil)
        await context.pool.close()
    }

    @Test func refusesDuplicatesAndWhatCannotBePublished() async throws {
        let (store, context) = try await makeStore(TestNetwork())
        let (id, at) = (EntryID.random, context.clock())
        func append(_ data: JSONValue) async throws {
            try await context.pool.transaction { session in
                try store.append(
                    id: id, type: .consentGranted, subject: .random, data: data, at: at, in: session)
            }
        }
        let large = String(repeating: "x", count: EventStore.payloadBytesMax)
        await #expect { try await append(["large": .string(large)]) } throws: {
            code(of: $0) == .eventTooLarge
        }
        try await append([:])
        await #expect { try await append([:]) } throws: { code(of: $0) == .duplicateEvent }
        store.board.count { $0.outboxCount = EventStore.outboxCountMax }
        await #expect { try await append([:]) } throws: { code(of: $0) == .outboxFull }
        await context.pool.close()
    }

    @Test func waitingForWhatIsNotThereFailsAndForWhatIsPendingEnds() async throws {
        let (store, context) = try await makeStore(TestNetwork())
        let (id, at) = (EntryID.random, context.clock())
        await #expect { _ = try await store.waitUntilFinal(id) } throws: { code(of: $0) == .unknownEvent }
        try await context.pool.transaction { session in
            try store.append(id: id, type: .consentGranted, subject: .random, data: [:], at: at, in: session)
        }
        let finality = try await store.waitUntilFinal(id, timeoutMilliseconds: 50)
        #expect(finality == .pending)
        await context.pool.close()
    }

    @Test func aSchemaBelongsToOneNetworkAndService() async throws {
        let network = try TestNetwork()
        let (_, context) = try await makeStore(network)
        try await MessagingSchema.prepare(context)
        let elsewhere = try TestNetwork().context(.consent, postgres: context.postgres)
        await #expect { try await MessagingSchema.prepare(elsewhere) } throws: {
            code(of: $0) == .otherNetwork
        }
        let identity = try network.context(.identity, postgres: context.postgres)
        await #expect { try await MessagingSchema.prepare(identity) } throws: {
            code(of: $0) == .otherNetwork
        }
        for context in [context, elsewhere, identity] { await context.pool.close() }
    }
}

/// The code of a messaging fault; nil for any other error.
private func code(of error: any Error) -> MessagingFault.Code? { (error as? MessagingFault)?.code }
