import Kafka
import Model
import Postgres

/// Gives events their numbers, writes them to their topics in order, and says each second how far it
/// has come.
///
/// A record is stored with its number before it is sent, and everything is sent from the table, so a
/// publisher that dies, or is followed by another, sends the same bytes again, and consumers pass over
/// numbers that they have.
struct Publisher: Sendable {
    /// How many events get their numbers in one transaction; sealing takes about half a millisecond
    /// each.
    private static let composeMax = 64
    /// How many rounds of numbering follow one another before the loop looks again whether it may go on.
    private static let roundsMax = 8
    /// How many batches are sent in one round: a topic that is filled again silences no heartbeat.
    private static let batchesMax = 4
    /// How many records are sent together.
    private static let deliverCountMax = 256
    /// How many bytes are sent together; the embedded broker loses records above 2.4 MB in flight to a
    /// partition.
    private static let deliverBytesMax = 1 << 20

    let context: MessagingContext
    let board: MessagingBoard
    let lock: PostgresAdvisoryLock
    let producer: KafkaProducer
    let reader: KafkaConsumer
    let wake: WakeSignal

    /// Works until it is cancelled.
    func run() async throws {
        var state = PublisherState(
            composer: RecordComposer(context: context, partitionCounts: try await partitionCounts()))
        var backoff = Backoff()
        for await _ in wake.wakeUps {
            do {
                try await work(&state)
                board.clear("publisher")
                backoff.reset()
            } catch let error where !Self.endsTerm(error) {
                board.count { $0.retryCount += 1 }
                board.report("events cannot be published: \(error)", in: "publisher")
                try await backoff.pause()
                wake.signal()
            }
        }
    }

    /// Whether an error means that this term is over: told to end, lock lost, or a client that can do
    /// nothing more.
    private static func endsTerm(_ error: any Error) -> Bool {
        switch error {
        case is CancellationError: true
        case let fault as KafkaFault: [.cancelled, .closed, .fatal].contains(fault.reason)
        case let fault as PostgresFault: fault.isConnectionLost || fault.reason == .closed
        default: false
        }
    }

    /// Publishes in rounds of bounded length with heartbeats between them, so that a backlog of permissive
    /// events makes nobody's view old.
    private func work(_ state: inout PublisherState) async throws {
        for _ in 0..<Self.roundsMax {
            try Task.checkCancellation()
            if state.mustCompare { try await compare(&state) }
            // INVARIANT: the heartbeat's time is taken before the queue is read, and restrictive events
            // leave the queue first, so once none is left every one that was accepted by then has a number
            // below the one that the heartbeat states. Permissive events may wait behind it.
            let time = context.clock()
            let round = try await composeNext(state)
            let isDelivered = try await deliverWaiting(&state)
            if !round.mayLeaveRestrictive, state.isHeartbeatDue { try await beat(at: time, &state) }
            if round.count < Self.composeMax, isDelivered { return }
        }
        wake.signal()
    }

    private func compare(_ state: inout PublisherState) async throws {
        try await PublicationRepair(context: context, reader: reader, places: state.places).run()
        state.mustCompare = false
        state.newestOffsets = [:]
    }

    /// Sends what the broker has not confirmed; false when some of it is left.
    private func deliverWaiting(_ state: inout PublisherState) async throws -> Bool {
        for _ in 0..<Self.batchesMax {
            guard try await deliverNext(&state) else { return true }
        }
        return false
    }

    /// Numbers the next events in one transaction, on the session that holds the leader's lock.
    private func composeNext(
        _ state: PublisherState
    ) async throws -> (count: Int, mayLeaveRestrictive: Bool) {
        let composer = state.composer
        return try await lock.transaction { session in
            let waiting = try PublicationTable.takeUnpublished(limit: Self.composeMax, in: session)
            guard let last = waiting.last else { return (0, false) }
            let places = waiting.map {
                TopicPartition(
                    topic: $0.event.type.topic.rawValue, partition: composer.partition(of: $0.event))
            }
            var chains = try PublicationTable.chains(of: Array(Set(places)), in: session)
            var publications: [Publication] = []
            for (event, place) in zip(waiting, places) {
                let chain = chains[place] ?? ProducerChain()
                let publication = try composer.compose(event, after: chain)
                chains[place] = chain.advanced(to: publication.hash)
                publications.append(publication)
            }
            try PublicationTable.store(publications, queueIDs: waiting.map(\.queueID), in: session)
            return (waiting.count, waiting.count == Self.composeMax && last.finality == .pending)
        }
    }

    /// Sends the next records that the broker has not confirmed; false when there are none.
    private func deliverNext(_ state: inout PublisherState) async throws -> Bool {
        let records = try await context.pool.query { session in
            try PublicationTable.undelivered(
                countMax: Self.deliverCountMax, bytesMax: Self.deliverBytesMax, in: session)
        }
        guard !records.isEmpty else { return false }
        let outcomes = await send(records)
        // Behind the first failure of a partition nothing counts as delivered: the next attempt begins
        // there, so that the partition holds every record behind its predecessor at least once.
        var failed: [TopicPartition: KafkaFault] = [:]
        var delivered: [(place: TopicPartition, number: UInt64, offset: Int64)] = []
        for (record, outcome) in zip(records, outcomes) where failed[record.place] == nil {
            switch outcome {
            case .success(let delivery):
                delivered.append((record.place, record.number, delivery.offset))
                state.note(delivery.offset, in: record.place)
            case .failure(let fault): failed[record.place] = fault
            }
        }
        let confirmed = delivered
        if !confirmed.isEmpty {
            try await context.pool.transaction { session in
                try PublicationTable.markDelivered(confirmed, in: session)
            }
        }
        board.count { $0.publishedCount += confirmed.count }
        if let fault = failed.values.first { throw fault }
        return true
    }

    private func send(_ records: [UndeliveredRecord]) async -> [Result<KafkaDelivery, KafkaFault>] {
        await withTaskGroup(of: (Int, Result<KafkaDelivery, KafkaFault>).self) { group in
            for (place, record) in records.enumerated() {
                // An immediate task hands its record over before the next one begins, which keeps the
                // order.
                group.addImmediateTask {
                    do throws(KafkaFault) {
                        let delivery = try await producer.send(
                            topic: record.place.topic, partition: record.place.partition, key: record.key,
                            value: record.value, headers: record.headers)
                        return (place, .success(delivery))
                    } catch {
                        return (place, .failure(error))
                    }
                }
            }
            let unsent = KafkaFault(reason: .cancelled, message: "the record was not sent")
            var outcomes = [Result<KafkaDelivery, KafkaFault>](
                repeating: .failure(unsent), count: records.count)
            for await (place, outcome) in group { outcomes[place] = outcome }
            return outcomes
        }
    }

    /// Writes a heartbeat to every partition of the service's topics that holds all its records; in
    /// another one it would come before records that it covers.
    private func beat(at time: Timestamp, _ state: inout PublisherState) async throws {
        let places = state.places
        // The chains come from the session that holds the lock: a leader that lost it states nothing.
        let (chains, behind) = try await lock.transaction { session in
            (
                try PublicationTable.chains(of: places, in: session),
                try PublicationTable.placesBehind(among: places, in: session)
            )
        }
        let records = places.compactMap { place -> UndeliveredRecord? in
            guard !behind.contains(place) else { return nil }
            guard let topic = Topic(rawValue: place.topic), let chain = chains[place] else { return nil }
            let headers = state.composer.heartbeat(
                topic: topic, partition: place.partition, chain: chain, time: time)
            return UndeliveredRecord(
                place: place, number: chain.next, key: nil, headers: headers.kafkaHeaders,
                value: Heartbeat.value)
        }
        state.noteHeartbeat()
        for (record, outcome) in zip(records, await send(records)) {
            state.note(try outcome.get().offset, in: record.place)
        }
    }

    private func partitionCounts() async throws -> [Topic: Int32] {
        var counts: [Topic: Int32] = [:]
        for topic in context.service.topics {
            counts[topic] = try await producer.partitionCount(
                topic: topic.rawValue, timeoutMilliseconds: KafkaPatience.milliseconds)
        }
        return counts
    }
}

/// What a publisher remembers between its wake-ups.
struct PublisherState: Sendable {
    let composer: RecordComposer
    /// Whether the topics must be compared with the table before anything else is written.
    var mustCompare = true
    /// The highest offset that the broker gave in each partition.
    var newestOffsets: [TopicPartition: Int64] = [:]
    private var lastHeartbeatAt: Int64?

    init(composer: RecordComposer) {
        self.composer = composer
    }

    /// All partitions of the service's topics.
    var places: [TopicPartition] {
        composer.partitionCounts.flatMap { topic, count in
            (0..<count).map { TopicPartition(topic: topic.rawValue, partition: $0) }
        }
    }

    var isHeartbeatDue: Bool {
        guard let lastHeartbeatAt else { return true }
        return Monotonic.milliseconds - lastHeartbeatAt >= Int64(Heartbeat.intervalMilliseconds)
    }

    mutating func noteHeartbeat() { lastHeartbeatAt = Monotonic.milliseconds }

    /// Notes an offset; one that is not above those before means that the topic was replaced.
    mutating func note(_ offset: Int64, in place: TopicPartition) {
        if let newest = newestOffsets[place], offset <= newest { mustCompare = true }
        newestOffsets[place] = offset
    }
}
