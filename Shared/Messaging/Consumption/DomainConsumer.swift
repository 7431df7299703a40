import Cryptography
import Kafka
import LedgerProtocol
import Logging
import Model
import Postgres

/// Reads all partitions of one subscribed topic and hands each event to its handler once.
///
/// Every replica does so; the conditional update of the position lets one of them apply a record.
struct DomainConsumer: Sendable {
    let context: MessagingContext
    let board: MessagingBoard
    let freshness: Freshness
    let subscription: Subscription

    /// Works until it is cancelled; after a failure it begins anew from the stored position.
    func run() async throws {
        var backoff = Backoff()
        let part = "consumer of \(subscription.topic.rawValue)"
        while true {
            try Task.checkCancellation()
            do {
                try await follow(part) { backoff.reset() }
            } catch let fault as KafkaFault where fault.reason == .cancelled {
                throw CancellationError()
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                board.count { $0.retryCount += 1 }
                board.report("reading is interrupted: \(error)", in: part)
                try await backoff.pause()
            }
        }
    }

    private func follow(_ part: String, didRead: () -> Void) async throws {
        var configuration = context.kafka
        configuration.clientID += ".\(subscription.topic.rawValue)"
        let consumer = try KafkaConsumer(configuration)
        do {
            var session = try await ConsumerSession(self, consumer)
            board.clear(part)
            while true {
                try await session.step()
                didRead()
            }
        } catch {
            await consumer.shutdown()
            throw error
        }
    }
}

/// The state of one consumer between its polls.
struct ConsumerSession {
    private static let pollMax = 256
    private static let brokerPauseMilliseconds = 200
    /// How often an offset that only heartbeats moved is stored.
    private static let flushMilliseconds: Int64 = 10_000
    /// How many searches in vain make a missing record a problem of readiness.
    private static let vainSearchesMax = 5

    private let owner: DomainConsumer
    private let consumer: KafkaConsumer
    private let planner: RecordPlanner
    private var readers: [Int32: PartitionReader] = [:]
    private var lastFlush = Monotonic.milliseconds

    private var topic: Topic { owner.subscription.topic }
    private var board: MessagingBoard { owner.board }

    /// Assigns every partition from its stored position.
    init(_ owner: DomainConsumer, _ consumer: KafkaConsumer) async throws {
        self.owner = owner
        self.consumer = consumer
        let (context, subscription) = (owner.context, owner.subscription)
        let topic = subscription.topic
        let partitionCount = try await consumer.partitions(of: topic.rawValue)
        planner = RecordPlanner(
            topic: topic, producers: Set(subscription.producers), partitionCount: partitionCount,
            verifier: RecordVerifier(genesis: context.genesis, unsealer: context.unsealer))
        let positions = try await context.pool.transaction { session in
            try (0..<partitionCount).map { partition in
                try ConsumerTable.position(topic: topic, partition: partition, in: session)
            }
        }
        owner.freshness.expect(
            topic: topic, producers: subscription.producers, partitionCount: partitionCount)
        var starts: [TopicPartitionStart] = []
        for (partition, position) in positions.enumerated() {
            readers[Int32(partition)] = PartitionReader(partition: Int32(partition), stored: position)
            starts.append(
                TopicPartitionStart(
                    topic: topic.rawValue, partition: Int32(partition), start: .offset(position.nextOffset)))
        }
        try consumer.assign(starts)
    }

    /// Waits for records, or for the end of a pause, and does what there is to do.
    mutating func step() async throws {
        do {
            let records = try await poll()
            for (partition, records) in Dictionary(grouping: records, by: \.partition) {
                try await process(records, of: partition)
            }
        } catch let fault as KafkaFault where fault.reason == .offsetOutOfRange {
            // The topic was cut or replaced: begin with what it holds, and pass over what was applied.
            for partition in fault.partition.map({ [$0] }) ?? Array(readers.keys) {
                try await restart(partition)
            }
        } catch let fault as KafkaFault where fault.reason == .brokerUnavailable {
            // Polling goes on by itself; meanwhile the view grows old, and whoever needs it fresh refuses.
            board.count { $0.retryCount += 1 }
            try await Task.sleep(for: .milliseconds(Self.brokerPauseMilliseconds))
        }
        try await resumeDue()
        try await flush()
        reportOffsets()
    }

    private func poll() async throws -> [KafkaRecord] {
        guard let wakeAt = readers.values.compactMap(\.pausedUntil).min() else {
            return try await consumer.poll(max: Self.pollMax)
        }
        let pause = max(0, wakeAt - Monotonic.milliseconds)
        let consumer = consumer
        return try await withThrowingTaskGroup(of: [KafkaRecord].self) { group in
            group.addTask {
                do {
                    return try await consumer.poll(max: Self.pollMax)
                } catch let fault as KafkaFault where fault.reason == .cancelled {
                    return []
                }
            }
            group.addTask {
                try? await Task.sleep(for: .milliseconds(pause))
                return []
            }
            // Both are waited for: records that came with the end of the pause are not dropped.
            var records = try await group.next() ?? []
            group.cancelAll()
            for try await more in group { records += more }
            try Task.checkCancellation()
            return records
        }
    }

    private mutating func process(_ records: [KafkaRecord], of partition: Int32) async throws {
        guard var reader = readers[partition], !reader.isPaused else { return }
        let plan = planner.plan(
            records, from: reader.planStart, searching: reader.search?.target, now: owner.context.clock())
        board.count {
            $0.duplicateCount += plan.duplicateCount
            $0.refusedRecordCount += plan.refusedCount
        }
        if !plan.steps.isEmpty {
            let applier = StepApplier(
                context: owner.context, board: board, subscription: owner.subscription, partition: partition)
            let outcome = await applier.apply(plan.steps, upTo: plan.position.nextOffset, &reader.stored)
            readers[partition] = reader
            guard try await follow(outcome, partition) else { return }
            reader = readers[partition] ?? reader
            reader.noteProgress()
        }
        reader.readOffset = plan.position.nextOffset
        for heartbeat in plan.heartbeats {
            owner.freshness.mark(
                topic: topic, producer: heartbeat.producer, partition: partition, time: heartbeat.time)
        }
        let further = reader.endSearchIfFound(farthestEarly: plan.farthestEarly)
        if reader.search == nil, further == nil, case .complete = plan.end { board.clear(part(partition)) }
        readers[partition] = reader
        if let further, case .complete = plan.end {
            try await search(further, partition)
        } else {
            try await end(plan, partition)
        }
    }

    /// Does what the outcome of applying asks for; true when the plan was applied as a whole.
    private mutating func follow(_ outcome: ApplyOutcome, _ partition: Int32) async throws -> Bool {
        switch outcome {
        case .applied: return true
        case .moved:
            try await reload(partition)
        case .retry(let reason):
            board.count { $0.retryCount += 1 }
            pause(partition, reason, isProblem: (readers[partition]?.failureCount ?? 0) >= 3)
        case .stopped(let fault):
            stop(partition, fault)
        }
        return false
    }

    private mutating func end(_ plan: RecordPlan, _ partition: Int32) async throws {
        switch plan.end {
        case .complete:
            if let target = readers[partition]?.vainTarget { giveUp(target, partition) }
        case .broken(let producer, let number, let isMismatch):
            board.count { $0.gapCount += 1 }
            owner.context.logger.error(
                "a partition is broken and is read from its beginning",
                metadata: [
                    "topic": "\(topic.rawValue)", "partition": "\(partition)", "number": "\(number)",
                    "mismatch": "\(isMismatch)",
                ])
            try await search(SearchTarget(producer: producer, number: number), partition)
        case .stopped(let fault):
            stop(partition, fault)
        }
    }
}

extension ConsumerSession {
    /// Looks for a record from the beginning, unless another replica has applied it already.
    private mutating func search(_ target: SearchTarget, _ partition: Int32) async throws {
        try await reload(partition)
        guard let stored = readers[partition]?.stored, target.isMissing(in: stored) else { return }
        let (low, high) = try await consumer.watermarks(topic: topic.rawValue, partition: partition)
        guard high > low else { return giveUp(target, partition) }
        readers[partition]?.search(for: target, from: low, upTo: high)
        try seek(partition)
    }

    /// Ends a search in vain: the record is looked for again later, and nothing is passed over for good.
    private mutating func giveUp(_ target: SearchTarget, _ partition: Int32) {
        let name = owner.context.genesis.service(keyID: target.producer)?.name ?? target.producer.hex
        let fault = MessagingFault(
            .recordMissing,
            "record `\(target.number)` of `\(name)` is not in `\(topic.rawValue)` partition \(partition); "
                + "its producer must publish it again")
        if (readers[partition]?.failureCount ?? 0) + 1 >= Self.vainSearchesMax {
            board.report(fault.description, in: part(partition))
        }
        readers[partition]?.pause(at: Monotonic.milliseconds, then: .search(target))
    }

    /// Stops a partition at a restrictive record, with its name, and looks again from time to time.
    private mutating func stop(_ partition: Int32, _ fault: MessagingFault) {
        board.report(fault.description, in: part(partition))
        owner.context.logger.error(
            "a consumer has stopped at a restrictive event",
            metadata: ["topic": "\(topic.rawValue)", "partition": "\(partition)", "fault": "\(fault.code.rawValue)"])
        readers[partition]?.pause(at: Monotonic.milliseconds, then: .follow)
    }

    private mutating func pause(_ partition: Int32, _ reason: String, isProblem: Bool) {
        if isProblem { board.report(reason, in: part(partition)) }
        readers[partition]?.pause(at: Monotonic.milliseconds, then: .follow)
    }

    private mutating func resumeDue() async throws {
        let now = Monotonic.milliseconds
        for reader in readers.values {
            guard let pausedUntil = reader.pausedUntil, pausedUntil <= now else { continue }
            switch reader.resumption {
            case .follow: try await reload(reader.partition)
            case .search(let target): try await search(target, reader.partition)
            }
        }
    }

    /// Takes the position from the database and reads on there.
    private mutating func reload(_ partition: Int32) async throws {
        let topic = topic
        let position = try await owner.context.pool.transaction { session in
            try ConsumerTable.position(topic: topic, partition: partition, in: session)
        }
        readers[partition]?.follow(position)
        try seek(partition)
    }

    /// Reads a partition from the oldest record that the broker has.
    private mutating func restart(_ partition: Int32) async throws {
        board.count { $0.gapCount += 1 }
        let low = try await consumer.watermarks(topic: topic.rawValue, partition: partition).low
        readers[partition]?.readOffset = low
        try seek(partition)
    }

    private func seek(_ partition: Int32) throws {
        guard let offset = readers[partition]?.readOffset else { return }
        try consumer.seek(topic: topic.rawValue, partition: partition, to: .offset(offset))
    }

    /// Stores offsets that only heartbeats moved, so that a restart does not read hours of them.
    private mutating func flush() async throws {
        guard Monotonic.milliseconds - lastFlush >= Self.flushMilliseconds else { return }
        lastFlush = Monotonic.milliseconds
        let topic = topic
        for reader in readers.values
        where reader.search == nil && !reader.isPaused && reader.readOffset > reader.stored.nextOffset {
            let (partition, stored, next) = (reader.partition, reader.stored.nextOffset, reader.readOffset)
            do {
                try await owner.context.pool.transaction { session in
                    try ConsumerTable.moveOffset(
                        topic: topic, partition: partition, from: stored, to: next, in: session)
                }
                readers[partition]?.stored.nextOffset = next
            } catch is PositionMoved {
                try await reload(partition)
            }
        }
    }

    private func reportOffsets() {
        board.noteOffsets(topic: topic, readers.mapValues(\.readOffset))
    }

    private func part(_ partition: Int32) -> String { "\(topic.rawValue) partition \(partition)" }
}
