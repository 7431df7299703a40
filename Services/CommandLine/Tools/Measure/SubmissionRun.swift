import Cryptography
import Kafka
import LedgerProtocol
import Merkle
import Model
import Synchronization

/// Sends a batch to the ledger and takes its receipts, which are verified once the clock has stopped.
struct SubmissionRun: Sendable {
    private static let restMicroseconds = 500

    let genesis: Genesis
    let kafka: KafkaConfiguration
    /// The most bytes on their way.
    let bytesMax: Int

    /// Runs until everything is final, a few submissions first, so that the load meets open connections.
    ///
    /// - Parameter interval: from one submission of the load to the next; nil sends as the window allows.
    /// - Returns: when each submission of the load was due and final.
    /// - Throws: `ClientFailure` for a refusal, or for an entry that was lost or is there twice.
    func run(
        warmUp: SubmissionBatch, load: SubmissionBatch, interval: Duration?
    ) async throws -> SubmissionWindow {
        let producer = try KafkaProducer(kafka)
        let consumer = try KafkaConsumer(kafka)
        let outcome: Result<SubmissionWindow, any Error>
        do {
            let topic = Topic.ledgerReceipts.rawValue
            let end = try await consumer.watermarks(topic: topic, partition: 0).high
            try consumer.assign([TopicPartitionStart(topic: topic, partition: 0, start: .offset(end))])
            _ = try await run(warmUp, interval: nil, producer, consumer)
            outcome = .success(try await run(load, interval: interval, producer, consumer))
        } catch {
            outcome = .failure(error)
        }
        await producer.shutdown()
        await consumer.shutdown()
        return try outcome.get()
    }

    private func run(
        _ batch: SubmissionBatch, interval: Duration?, _ producer: KafkaProducer, _ consumer: KafkaConsumer
    ) async throws -> SubmissionWindow {
        let window = SubmissionWindow(
            batch, aheadMax: genesis.limits.submissionsAheadMax, bytesMax: bytesMax, start: .now,
            interval: interval)
        let records = try await withThrowingTaskGroup(of: [ReceiptRecord].self) { group in
            group.addTask {
                try await send(window, producer)
                return []
            }
            group.addTask { try await receive(window, consumer) }
            var records: [ReceiptRecord] = []
            while let some = try await group.next() { records += some }
            return records
        }
        try verify(records, of: window)
        return window
    }

    private func send(_ window: SubmissionWindow, _ producer: KafkaProducer) async throws {
        while !window.isDone {
            for submission in window.takeSendable(at: .now) {
                try producer.enqueue(
                    topic: Topic.ledgerSubmissions.rawValue, partition: nil, key: submission.keyID.bytes,
                    value: submission.encoded, headers: [])
            }
            try await Task.sleep(for: .microseconds(Self.restMicroseconds))
        }
    }

    private func receive(
        _ window: SubmissionWindow, _ consumer: KafkaConsumer
    ) async throws -> [ReceiptRecord] {
        var records: [ReceiptRecord] = []
        while !window.isDone {
            for record in try await consumer.poll(max: 256) {
                guard let value = record.value else { continue }
                switch try ReceiptMessage(decoding: value) {
                case .record(let receipt):
                    let now = ContinuousClock.now
                    let isNew = receipt.items.map { window.settle($0.hash, at: now) }
                    if isNew.contains(true) { records.append(receipt) }
                case .refusal(let refusal):
                    guard window.submission(refusal.content.submissionHash) != nil,
                        // One validator is a block behind the others; what it lacks for that is sent again.
                        refusal.content.code != .sequenceTooFarAhead
                    else { continue }
                    throw ClientFailure("a submission was refused: \(refusal.content.code)")
                }
            }
        }
        return records
    }

    /// Believes the receipts as a light client does, and counts every entry once.
    private func verify(_ records: [ReceiptRecord], of window: SubmissionWindow) throws {
        var client = LightClient(genesis: genesis)
        var ranges: [Range<UInt64>] = []
        var entryCount = 0
        // A light client never goes back, so the receipts are taken in the order of their checkpoints.
        for record in records.sorted(by: { $0.height < $1.height }) {
            let submissions = record.items.compactMap { window.submission($0.hash) }
            let receipts = try client.accept(record, submissions: submissions)
            ranges.append(record.firstIndex..<record.firstIndex + UInt64(receipts.count))
            entryCount += receipts.count
        }
        ranges.sort { $0.lowerBound < $1.lowerBound }
        for (range, next) in zip(ranges, ranges.dropFirst()) where range.overlaps(next) {
            throw ClientFailure("two receipts are for one index: the run is void")
        }
        guard entryCount == window.entryCount else {
            throw ClientFailure(
                "`\(window.entryCount)` entries were sent and `\(entryCount)` have receipts: the run is void")
        }
    }
}
