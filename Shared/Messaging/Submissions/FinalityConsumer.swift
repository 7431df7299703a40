import Cryptography
import Kafka
import LedgerProtocol
import Logging
import Model
import Postgres
import TransparencyLog

/// Reads receipts and refusals of this service's submissions, verifies them, and marks events final.
struct FinalityConsumer: Sendable {
    private static let batchMax = 256
    /// One log line for so many receipts of unknown bytes, so that a stranger who floods the topic fills no
    /// log.
    private static let unknownReceiptsPerLog = 1_000

    let context: MessagingContext
    let board: MessagingBoard
    let waiters: FinalityWaiters
    let flights: Flights
    /// Called when events became final or a submission changed.
    let wakeLeader: @Sendable () -> Void

    /// Assigns every partition at its present end; what is not final is sent again and answered again.
    static func makeConsumer(_ configuration: KafkaConfiguration) async throws -> KafkaConsumer {
        let consumer = try KafkaConsumer(configuration)
        do {
            try await assignAtEnd(consumer)
            return consumer
        } catch {
            await consumer.shutdown()
            throw error
        }
    }

    /// Works until it is cancelled.
    ///
    /// A topic that was cut or replaced ends the leader's term; the next one begins at the new end.
    func run(_ consumer: KafkaConsumer) async throws {
        var client = LightClient(history: context.network.current)
        var tally = RefusalTally(faultMax: context.network.current.newest.faultMax)
        var backoff = Backoff()
        while true {
            try Task.checkCancellation()
            do {
                let records = try await consumer.poll(max: Self.batchMax)
                try await process(records, &client, &tally)
                board.clear("finality")
                backoff.reset()
            } catch let fault as KafkaFault where fault.reason == .cancelled {
                throw CancellationError()
            } catch let fault as KafkaFault where fault.reason == .brokerUnavailable {
                // Polling goes on by itself; that the broker is away shows at the publisher, which
                // writes each second.
                board.count { $0.retryCount += 1 }
                try await backoff.pause()
            } catch let error where !(error is KafkaFault || error is CancellationError) {
                // Nothing is lost: what was not marked is sent again and answered again.
                board.count { $0.retryCount += 1 }
                board.report("events cannot be marked final: \(error)", in: "finality")
                try await backoff.pause()
            }
        }
    }

    private static func assignAtEnd(_ consumer: KafkaConsumer) async throws {
        let topic = Topic.ledgerReceipts.rawValue
        var starts: [TopicPartitionStart] = []
        let partitionCount = try await consumer.partitions(
            of: topic, timeoutMilliseconds: KafkaPatience.milliseconds)
        for partition in 0..<partitionCount {
            let end = try await consumer.watermarks(
                topic: topic, partition: partition, timeoutMilliseconds: KafkaPatience.milliseconds
            ).high
            starts.append(TopicPartitionStart(topic: topic, partition: partition, start: .offset(end)))
        }
        try consumer.assign(starts)
    }

    private func process(
        _ records: [KafkaRecord], _ client: inout LightClient, _ tally: inout RefusalTally
    ) async throws {
        var landings: [SubmissionTable.Landing] = []
        let history = context.network.current
        client.follow(history)
        tally.faultMax = history.newest.faultMax
        for record in records {
            guard let value = record.value, let message = try? ReceiptMessage(decoding: value) else {
                continue
            }
            switch message {
            case .record(let receipt) where receipt.keyID == context.signer.keyID:
                // A submission that was sent again is answered again, often within one poll.
                let known = Set(landings.map(\.submission.hash))
                landings += try await verified(receipt, &client).filter {
                    !known.contains($0.submission.hash)
                }
            case .refusal(let refusal) where refusal.content.keyID == context.signer.keyID:
                try await take(refusal, &tally)
            case .record, .refusal:
                continue
            }
        }
        guard !landings.isEmpty else { return }
        try await apply(landings)
    }

    /// Verifies a receipt against the submissions as they were stored; nothing when it is not news.
    private func verified(
        _ receipt: ReceiptRecord, _ client: inout LightClient
    ) async throws -> [SubmissionTable.Landing] {
        if receipt.items.allSatisfy({ flights.hasLanded(sequence: $0.sequence, hash: $0.hash) }) { return [] }
        guard let submissions = try await submissions(of: receipt) else { return [] }
        let receipts: [EntryReceipt]
        do throws(ProtocolFault) {
            receipts = try client.accept(receipt, submissions: submissions)
        } catch {
            board.count { $0.invalidReceiptCount += 1 }
            context.logger.warning("a receipt does not verify", metadata: ["fault": "\(error.code.rawValue)"])
            return []
        }
        guard let note = receipts.first?.proof.checkpoint,
            let checkpoint = try? Checkpoint(parsing: note.text)
        else { return [] }
        var remaining = receipts[...]
        return submissions.map { submission in
            let own = remaining.prefix(submission.entryCount)
            remaining = remaining.dropFirst(submission.entryCount)
            let events = own.enumerated().map { position, receipt in
                FinalEvent(
                    id: receipt.id, submissionSequence: submission.sequence, submissionPosition: position,
                    index: receipt.index, height: receipt.height, treeSize: checkpoint.size,
                    receipt: receipt.proof.encoded())
            }
            return SubmissionTable.Landing(submission: submission, events: events)
        }
    }

    /// Finds the stored bytes of every submission that a receipt names; nil when they are final or not
    /// this service's.
    private func submissions(of receipt: ReceiptRecord) async throws -> [Submission]? {
        var found = receipt.items.map { flights.find(sequence: $0.sequence, hash: $0.hash)?.submission }
        if found.contains(where: { $0 == nil }) {
            let sequences = receipt.items.map(\.sequence)
            let stored = try await context.pool.transaction { session in
                try SubmissionTable.versions(of: sequences, in: session)
            }
            var isNews = false
            for (place, item) in receipt.items.enumerated() {
                guard let match = stored.first(where: { $0.submission.hash == item.hash }) else {
                    noteUnknown(receipt)
                    return nil
                }
                found[place] = match.submission
                if !match.isFinal { isNews = true } else { flights.land(match.submission) }
            }
            guard isNews else { return nil }
        }
        return found.compactMap { $0 }
    }

    /// Counts a receipt of bytes that this service does not know.
    ///
    /// INVARIANT: no such record stops the relay. Nothing in it ties the key to the note, which anybody can
    /// copy from a public checkpoint; if the sequence is taken, the validators refuse what is sent again.
    private func noteUnknown(_ receipt: ReceiptRecord) {
        let count = board.count { statistics in
            statistics.unknownReceiptCount += 1
            return statistics.unknownReceiptCount
        }
        guard count % Self.unknownReceiptsPerLog == 1 else { return }
        context.logger.warning(
            "a receipt names submissions of this service's key that its schema does not know",
            metadata: ["sequence": "\(receipt.items[0].sequence)", "count": "\(count)"])
    }

    private static let sequenceTaken =
        "the ledger holds submissions of this service's key that its schema does not know; was the schema "
        + "restored from a backup, or is the key used twice? compare the schema with the ledger before "
        + "going on"

    private func apply(_ landings: [SubmissionTable.Landing]) async throws {
        let channel = context.finalChannel
        let marked = try await context.pool.transaction { session in
            try SubmissionTable.land(landings, finalChannel: channel, in: session)
        }
        var finalities: [EntryID: EventFinality] = [:]
        for landing in landings {
            flights.land(landing.submission)
            for event in landing.events { finalities[event.id] = event.finality }
        }
        waiters.resolve(finalities)
        wakeLeader()
        board.count { $0.finalCount += marked.count }
    }
}

extension FinalityConsumer {
    /// Counts a refusal and acts once enough validators stated it.
    private func take(_ refusal: SubmissionRefusal, _ tally: inout RefusalTally) async throws {
        let content = refusal.content
        guard let flight = flights.find(sequence: content.sequence, hash: content.submissionHash),
            context.network.current.newest.validator(content.validator) != nil,
            (try? refusal.verify(context.network.current)) != nil
        else { return }
        board.count { $0.refusalCount += 1 }
        context.logger.warning(
            "a validator refuses a submission",
            metadata: [
                "sequence": "\(content.sequence)", "code": "\(content.code.rawValue)",
                "validator": "\(content.validator)",
            ])
        let agreed = tally.count(
            sequence: content.sequence, hash: content.submissionHash, code: content.code,
            validator: content.validator)
        guard let agreed else { return }
        switch agreed.remedy {
        case .sendAgain: break
        case .splitSubmission: try await split(flight.submission, version: flight.version, code: agreed)
        case .stop:
            if agreed == .sequenceTaken {
                stop(.sequenceTaken, Self.sequenceTaken)
            } else {
                stop(.submissionRefused, "validators refuse this service's submissions: \(agreed)")
            }
        }
    }

    /// Sends half of the entries under the same sequence, so that an entry that is not allowed is found
    /// by halving.
    private func split(_ refused: Submission, version: Int, code: RefusalCode) async throws {
        let entries = refused.entries
        guard entries.count > 1 else {
            stop(.submissionRefused, "validators refuse the entry `\(entries[0].id)`: \(code)")
            return
        }
        let replacement = try Submission.make(
            networkID: refused.networkID, sequence: refused.sequence,
            entries: Array(entries.prefix(entries.count / 2)), signer: context.signer)
        let replaced = try await context.pool.transaction { session in
            try SubmissionTable.replace(refused, version: version, by: replacement, in: session)
        }
        guard replaced else { return }
        flights.add(replacement, version: version + 1)
        wakeLeader()
    }

    private func stop(_ code: MessagingFault.Code, _ sentence: String) {
        let fault = MessagingFault(code, sentence)
        flights.stop(fault)
        board.report(fault.description, in: "relay")
        context.logger.error("the relay has stopped", metadata: ["fault": "\(fault)"])
    }
}
