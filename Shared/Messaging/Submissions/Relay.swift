import Cryptography
import Kafka
import LedgerProtocol
import Model
import Postgres

/// Turns the outbox into signed submissions and sends each until it is final.
///
/// A submission is stored with the rows that it holds before it is sent, so a relay that dies in
/// between, or is followed by another, sends the same bytes again, and the ledger takes a sequence
/// once.
struct Relay: Sendable {
    let context: MessagingContext
    let board: MessagingBoard
    let flights: Flights
    let producer: KafkaProducer
    let wake: WakeSignal

    /// Works until it is cancelled.
    func run() async throws {
        let partition = try await submissionPartition()
        for stored in try await context.pool.transaction({ try SubmissionTable.pending(in: $0) }) {
            flights.add(stored.submission, version: stored.version)
        }
        try await withThrowingDiscardingTaskGroup { group in
            var backoff = Backoff()
            for await _ in wake.wakeUps {
                do {
                    try await sendAll(to: partition, in: &group)
                    board.clear("relay")
                    backoff.reset()
                } catch let error where !(error is CancellationError) {
                    // That another leader's last submission took the sequence is one of the reasons:
                    // look again.
                    board.count { $0.retryCount += 1 }
                    board.report("the outbox cannot be sent: \(error)", in: "relay")
                    try await backoff.pause()
                    wake.signal()
                }
                report()
            }
        }
    }

    private func sendAll(
        to partition: Int32, in group: inout ThrowingDiscardingTaskGroup<any Error>
    ) async throws {
        repeat {
            for submission in flights.takeDue() {
                // An immediate task reaches the producer before the next one begins: sequences leave in
                // order.
                group.addImmediateTask { await send(submission, to: partition) }
            }
        } while try await takeNext()
    }

    /// Stores the next submission; false when nothing waits or the window is full.
    private func takeNext() async throws -> Bool {
        let room = flights.entryRoom
        guard room > 0 else { return false }
        let (networkID, signer) = (context.genesis.networkID, context.signer)
        let submission = try await context.pool.transaction { session -> Submission? in
            let rows = try SubmissionTable.takeUnsent(limit: room, in: session)
            guard !rows.isEmpty else { return nil }
            let submission = try Submission.make(
                networkID: networkID, sequence: try SubmissionTable.nextSequence(in: session),
                entries: rows.map(\.entry), signer: signer)
            try SubmissionTable.store(
                submission, version: 0, outboxIDs: rows.map(\.outboxID), in: session)
            return submission
        }
        guard let submission else { return false }
        flights.add(submission, version: 0)
        return true
    }

    private func send(_ submission: Submission, to partition: Int32) async {
        do {
            _ = try await producer.send(
                topic: Topic.ledgerSubmissions.rawValue, partition: partition,
                key: Array(submission.keyID.hex.utf8), value: submission.encoded, headers: [])
            board.clear("relay broker")
        } catch {
            if error.reason != .cancelled {
                board.count { $0.retryCount += 1 }
                board.report("submissions cannot be sent: \(error)", in: "relay broker")
            }
        }
        flights.settle(submission)
    }

    /// The partition of the service's submissions, chosen here so that no broker's hash takes part.
    private func submissionPartition() async throws -> Int32 {
        let count = try await producer.partitionCount(
            topic: Topic.ledgerSubmissions.rawValue, timeoutMilliseconds: KafkaPatience.milliseconds)
        let number = context.signer.keyID.bytes.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return Int32(number % UInt32(max(count, 1)))
    }

    private func report() {
        if let halt = flights.halt { board.report(halt.description, in: "relay") }
        board.count { $0.submissionsInFlightCount = flights.count }
    }
}
