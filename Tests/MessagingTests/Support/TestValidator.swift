import Kafka
import LedgerProtocol
import Model
import Synchronization

/// Answers the submissions on a broker as a validator does.
struct TestValidator: Sendable {
    /// What a test makes the validator do with a submission.
    enum Behaviour: Sendable {
        case answer
        /// It answers several times, as several validators do.
        case answerTimes(Int)
        /// It says nothing, as if the record had been lost.
        case ignore
        case refuse(RefusalCode)
    }

    let ledger: TestLedger
    let bootstrapServers: String
    private let script: Script

    private final class Script: Sendable {
        let behaviour = Mutex<@Sendable (Submission) -> Behaviour>({ _ in .answer })
        let seen = Mutex<[Submission]>([])
    }

    init(_ ledger: TestLedger, bootstrapServers: String) {
        self.ledger = ledger
        self.bootstrapServers = bootstrapServers
        script = Script()
    }

    /// Every submission received, copies included.
    var seen: [Submission] { script.seen.withLock { $0 } }

    func behave(_ behaviour: @escaping @Sendable (Submission) -> Behaviour) {
        script.behaviour.withLock { $0 = behaviour }
    }

    func run() async throws {
        let configuration = KafkaConfiguration(bootstrapServers: bootstrapServers, clientID: "validator")
        let consumer = try KafkaConsumer(configuration)
        let producer = try KafkaProducer(configuration)
        do {
            let topic = Topic.ledgerSubmissions.rawValue
            let count = try await consumer.partitions(of: topic)
            try consumer.assign(
                (0..<count).map { TopicPartitionStart(topic: topic, partition: $0, start: .beginning) })
            while true {
                do {
                    for record in try await consumer.poll(max: 64) { try answer(record, producer) }
                } catch let fault as KafkaFault where fault.isRetriable {
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
        } catch {
            await consumer.shutdown()
            await producer.shutdown()
        }
    }

    private func answer(_ record: KafkaRecord, _ producer: KafkaProducer) throws {
        let submission = try Submission(decoding: record.value ?? [])
        script.seen.withLock { $0.append(submission) }
        let message: ReceiptMessage
        var copyCount = 1
        switch script.behaviour.withLock({ $0 })(submission) {
        case .ignore: return
        case .refuse(let code): message = .refusal(ledger.refusal(of: submission, code))
        case .answerTimes(let count):
            guard case .receipt(let receipt) = try ledger.answer(submission) else { return }
            message = .record(receipt)
            copyCount = count
        case .answer:
            switch try ledger.answer(submission) {
            case .receipt(let receipt): message = .record(receipt)
            case .refusal(let refusal): message = .refusal(refusal)
            case .nothing: return
            }
        }
        for _ in 0..<copyCount {
            try producer.enqueue(
                topic: Topic.ledgerReceipts.rawValue, partition: 0, key: nil, value: message.encoded,
                headers: [])
        }
    }
}
