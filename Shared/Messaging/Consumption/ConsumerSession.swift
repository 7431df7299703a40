import Kafka
import LedgerProtocol
import Logging
import Model
import Postgres

/// The state of one consumer between its polls.
struct ConsumerSession {
    private static let pollMax = 256
    private static let brokerPauseMilliseconds = 200

    let owner: DomainConsumer
    let consumer: KafkaConsumer
    private let planner: RecordPlanner
    var readers: [Int32: PartitionReader] = [:]
    var lastFlush = Monotonic.milliseconds

    var topic: Topic { owner.subscription.topic }
    var board: MessagingBoard { owner.board }

    /// Assigns every partition from its stored position.
    init(_ owner: DomainConsumer, _ consumer: KafkaConsumer) async throws {
        self.owner = owner
        self.consumer = consumer
        let (context, subscription) = (owner.context, owner.subscription)
        let topic = subscription.topic
        let partitionCount = try await consumer.partitions(
            of: topic.rawValue, timeoutMilliseconds: KafkaPatience.milliseconds)
        planner = RecordPlanner(
            topic: topic, producers: Set(subscription.producers), partitionCount: partitionCount,
            verifier: RecordVerifier(network: context.network, unsealer: context.unsealer))
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
            // Polling goes on by itself; meanwhile the view grows old, and whoever needs it fresh
            // refuses.
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
        case .waiting(let reason):
            board.count { $0.retryCount += 1 }
            pause(partition, reason, isProblem: (readers[partition]?.failureCount ?? 0) >= 3)
        }
    }
}
