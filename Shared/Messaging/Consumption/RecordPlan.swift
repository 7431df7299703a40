import Cryptography
import Kafka
import LedgerProtocol
import Model

/// What a consumer knows of one partition: which record comes next, and how far each producer's chain
/// is applied.
struct PartitionPosition: Hashable, Sendable {
    /// The offset of the record that is read next.
    var nextOffset: Int64
    /// The positions of the producers that have written here.
    var chains: [KeyID: ProducerChain]
}

/// One record that changes something, and the position that it leaves behind.
struct PlannedStep: Sendable {
    enum Action: Sendable {
        /// The handler is to be called.
        case deliver(InboundEvent)
        /// The record is set aside.
        case park(ParkedRecord)
    }

    let action: Action
    let record: KafkaRecord
    /// Which chain goes on, and to where; nil for a record that is not authentic, which takes no number.
    let link: (producer: KeyID, chain: ProducerChain)?
    let nextOffset: Int64
}

/// Why a plan ends before its records do.
enum PlanEnd: Sendable {
    /// All records were judged.
    case complete
    /// A number is missing, or the history is another one.
    case broken(producer: KeyID, number: UInt64, isMismatch: Bool)
    /// A restrictive record contradicts its producer's signature; it is never passed over.
    case stopped(MessagingFault)
    /// A record is of a network that has changed further than is known here; it is judged again later.
    case waiting(String)
}

/// What to do with the records of one partition, decided before anything is changed.
struct RecordPlan: Sendable {
    var steps: [PlannedStep] = []
    /// Heartbeats that hold once the steps are applied.
    var heartbeats: [(producer: ServiceName, time: Timestamp)] = []
    /// The position after all steps and everything passed over.
    var position: PartitionPosition
    var end = PlanEnd.complete
    var duplicateCount = 0
    var refusedCount = 0
    /// The highest number, of the producer searched for, that was passed over because it comes too
    /// early.
    var farthestEarly: UInt64?

    init(position: PartitionPosition) {
        self.position = position
    }
}

/// The record that a consumer looks for from the beginning of a partition.
struct SearchTarget: Hashable, Sendable {
    let producer: KeyID
    let number: UInt64

    /// Whether a position has not reached the record.
    func isMissing(in position: PartitionPosition) -> Bool {
        (position.chains[producer]?.next ?? 0) <= number
    }
}

/// Decides what each record of a partition is: pure, without a clock, a database or a broker.
struct RecordPlanner: Sendable {
    let topic: Topic
    let producers: Set<ServiceName>
    let partitionCount: Int32
    let verifier: RecordVerifier

    /// Plans records in their order.
    ///
    /// Until the record that is searched for is found, records that come too early are passed over
    /// instead of ending the plan: what is missing may lie behind them.
    func plan(
        _ records: [KafkaRecord], from position: PartitionPosition, searching target: SearchTarget?,
        now: Timestamp
    ) -> RecordPlan {
        var plan = RecordPlan(position: position)
        for record in records where record.offset >= plan.position.nextOffset {
            let next = record.offset + 1
            do throws(RecordRefusal) {
                let headers = try RecordHeaders(parsing: record)
                let isSearching = target?.isMissing(in: plan.position) ?? false
                try judge(record, headers, searching: isSearching ? target : nil, now: now, &plan)
            } catch {
                plan.refusedCount += 1
                refuse(record, error, &plan)
            }
            guard case .complete = plan.end else { return plan }
            plan.position.nextOffset = next
        }
        return plan
    }

    /// Sets a record aside as evidence; a heartbeat is not, since it holds nothing and another follows.
    private func refuse(_ record: KafkaRecord, _ refusal: RecordRefusal, _ plan: inout RecordPlan) {
        let heartbeatType = Array(Heartbeat.type.utf8)
        guard record.header(RecordHeader.type) != heartbeatType else { return }
        let parked = ParkedRecord(record, reason: refusal.rawValue)
        plan.steps.append(
            PlannedStep(action: .park(parked), record: record, link: nil, nextOffset: record.offset + 1))
    }

    /// - Throws: `RecordRefusal` for a record that is not authentic; nothing of it is believed.
    private func judge(
        _ record: KafkaRecord, _ headers: RecordHeaders, searching target: SearchTarget?, now: Timestamp,
        _ plan: inout RecordPlan
    ) throws(RecordRefusal) {
        guard let service = verifier.network.current.service(keyID: headers.producer) else {
            throw .unknownProducer
        }
        guard producers.contains(service.service) else { return }
        let chain = plan.position.chains[headers.producer] ?? ProducerChain()
        if headers.type == Heartbeat.type {
            let authentic = try verifier.authenticateHeartbeat(record, headers: headers, now: now)
            judge(authentic, chain, isSearching: target != nil, &plan)
            return
        }
        // A number that was applied changes nothing, whoever wrote the record.
        let verdict = chain.judge(number: headers.sequence, previous: headers.previous)
        if verdict == .duplicate {
            plan.duplicateCount += 1
            return
        }
        let authentic = try verifier.authenticate(record, headers: headers)
        switch verdict {
        case .duplicate: return
        case .gap, .mismatch:
            if let target {
                guard target.producer == headers.producer else { return }
                plan.farthestEarly = max(plan.farthestEarly ?? 0, headers.sequence)
            } else {
                plan.end = .broken(
                    producer: headers.producer, number: chain.next, isMismatch: verdict == .mismatch)
            }
        case .follows: take(authentic, after: chain, &plan)
        }
    }

    private func judge(
        _ authentic: AuthenticHeartbeat, _ chain: ProducerChain, isSearching: Bool, _ plan: inout RecordPlan
    ) {
        let heartbeat = authentic.heartbeat
        let verdict = chain.judge(heartbeatNext: heartbeat.next, head: heartbeat.head)
        switch verdict {
        case .current: plan.heartbeats.append((authentic.producer.service, heartbeat.time))
        case .older: break
        case .ahead, .mismatch:
            guard !isSearching else { return }
            plan.end = .broken(
                producer: heartbeat.producer, number: chain.next, isMismatch: verdict == .mismatch)
        }
    }

    private func take(_ authentic: AuthenticRecord, after chain: ProducerChain, _ plan: inout RecordPlan) {
        let producer = authentic.headers.producer
        let action: PlannedStep.Action
        do throws(RecordRefusal) {
            action = .deliver(try verifier.open(authentic, partitionCount: partitionCount))
        } catch {
            guard error != .networkBehind else {
                plan.end = .waiting(
                    "record `\(authentic.headers.sequence)` of `\(authentic.producer.name)` in "
                        + "`\(topic.rawValue)` is signed by validators that are not known here yet")
                return
            }
            plan.refusedCount += 1
            guard !authentic.isRestrictive else {
                plan.end = .stopped(
                    MessagingFault(
                        .invalidRecord,
                        "restrictive record `\(authentic.headers.sequence)` of "
                            + "`\(authentic.producer.name)` in `\(topic.rawValue)` is refused: "
                            + "\(error.rawValue); its producer must be examined"
                    ))
                return
            }
            action = .park(ParkedRecord(authentic, reason: error.rawValue))
        }
        let advanced = chain.advanced(to: authentic.hash)
        plan.position.chains[producer] = advanced
        plan.steps.append(
            PlannedStep(
                action: action, record: authentic.record, link: (producer, advanced),
                nextOffset: authentic.record.offset + 1))
    }
}
