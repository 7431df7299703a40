import Logging
import Model
import Postgres

/// How applying planned steps ended.
enum ApplyOutcome: Sendable {
    /// All steps are committed.
    case applied
    /// Another replica moved the position first.
    case moved
    /// The database or a handler asks to try again later.
    case retry(String)
    /// A restrictive event's handler failed; the steps before it are committed.
    case stopped(MessagingFault)
}

/// Applies planned steps: position, chains, handlers and parked records in one transaction.
struct StepApplier: Sendable {
    /// A handler's error, kept apart from those of the steps around it.
    private struct HandlerFault: Error {
        let underlying: any Error
    }

    let context: MessagingContext
    let board: MessagingBoard
    let subscription: Subscription
    let partition: Int32

    /// Applies the steps together, and one by one when a handler fails, so that one record spoils no
    /// other.
    ///
    /// `position` follows what was committed.
    func apply(
        _ steps: [PlannedStep], upTo finalOffset: Int64, _ position: inout PartitionPosition
    ) async -> ApplyOutcome {
        do {
            try await commit(steps, upTo: finalOffset, &position)
            return .applied
        } catch is HandlerFault where steps.count > 1 {
            for (place, step) in steps.enumerated() {
                let isLast = place == steps.count - 1
                let offset = isLast ? finalOffset : step.nextOffset
                let outcome = await applyAlone(step, upTo: offset, &position)
                guard case .applied = outcome else { return outcome }
            }
            return .applied
        } catch let fault as HandlerFault {
            return await settle(fault.underlying, of: steps[0], upTo: finalOffset, &position)
        } catch {
            return Self.outcome(of: error)
        }
    }

    private func applyAlone(
        _ step: PlannedStep, upTo offset: Int64, _ position: inout PartitionPosition
    ) async -> ApplyOutcome {
        do {
            try await commit([step], upTo: offset, &position)
            return .applied
        } catch let fault as HandlerFault {
            return await settle(fault.underlying, of: step, upTo: offset, &position)
        } catch {
            return Self.outcome(of: error)
        }
    }

    /// Decides what follows from a handler's error: again later, park, or stop.
    private func settle(
        _ error: any Error, of step: PlannedStep, upTo offset: Int64, _ position: inout PartitionPosition
    ) async -> ApplyOutcome {
        if let reason = Self.retryReason(error) { return .retry(reason) }
        guard case .deliver(let event) = step.action, let link = step.link else {
            return Self.outcome(of: error)
        }
        let place = "event `\(event.id)` of type `\(event.type.rawValue)`"
        guard !event.type.isRestrictive else {
            return .stopped(
                MessagingFault(
                    .restrictiveHandlerFailed,
                    "the handler of \(place) failed (\(type(of: error))); correct it, the consumer goes "
                        + "on from there"
                ))
        }
        context.logger.error(
            "a handler failed and its record is parked",
            metadata: [
                "event": "\(event.id)", "type": "\(event.type.rawValue)", "error": "\(type(of: error))",
            ])
        let parked = ParkedRecord(
            event, record: step.record, number: link.chain.next - 1, producer: link.producer,
            reason: ParkedTable.handlerFailed)
        let substitute = PlannedStep(
            action: .park(parked), record: step.record, link: step.link, nextOffset: step.nextOffset)
        do {
            try await commit([substitute], upTo: offset, &position)
            return .applied
        } catch {
            return Self.outcome(of: error)
        }
    }

    private func commit(
        _ steps: [PlannedStep], upTo offset: Int64, _ position: inout PartitionPosition
    ) async throws {
        let before = position
        // INVARIANT: only a record that takes a number moves the position back, when a search found it;
        // junk never does.
        let offset = steps.contains { $0.link != nil } ? offset : max(offset, before.nextOffset)
        let (topic, partition, handle, time) = (
            subscription.topic, partition, subscription.handle, context.clock()
        )
        var after = before
        after.nextOffset = offset
        for case let link? in steps.map(\.link) { after.chains[link.producer] = link.chain }
        let chains = after.chains
        let counts = try await context.pool.transaction { session in
            try ConsumerTable.moveOffset(
                topic: topic, partition: partition, from: before.nextOffset, to: offset, in: session)
            for producer in chains.keys where chains[producer] != before.chains[producer] {
                try ConsumerTable.moveChain(
                    topic: topic, partition: partition, producer: producer,
                    from: before.chains[producer] ?? ProducerChain(), to: chains[producer] ?? ProducerChain(),
                    in: session)
            }
            return try Self.perform(steps, topic: topic, at: time, in: session) { event in
                do { try handle(event, session) } catch { throw HandlerFault(underlying: error) }
            }
        }
        position = after
        board.count {
            $0.consumedCount += counts.delivered
            $0.parkedCount += counts.parked
        }
    }

    /// Calls the handler of each event, except behind a parked record of its subject, and parks what is
    /// to be parked.
    private static func perform(
        _ steps: [PlannedStep], topic: Topic, at time: Timestamp, in session: PostgresSession,
        handle: (InboundEvent) throws -> Void
    ) throws -> (delivered: Int, parked: Int) {
        let subjects = steps.compactMap { step -> ParticipantID? in
            guard case .deliver(let event) = step.action else { return nil }
            return event.subject
        }
        var held =
            try subjects.isEmpty
            ? [] : ParkedTable.heldSubjects(among: Set(subjects), topic: topic, in: session)
        var counts = (delivered: 0, parked: 0)
        for step in steps {
            switch step.action {
            case .deliver(let event) where !held.contains(event.subject) || event.type.isRestrictive:
                try handle(event)
                counts.delivered += 1
            case .deliver(let event):
                guard let link = step.link else { continue }
                let parked = ParkedRecord(
                    event, record: step.record, number: link.chain.next - 1, producer: link.producer,
                    reason: ParkedTable.behindParked)
                counts.parked += try ParkedTable.park([parked], at: time, in: session)
            case .park(let parked):
                if let subject = parked.subject { held.insert(subject) }
                counts.parked += try ParkedTable.park([parked], at: time, in: session)
            }
        }
        return counts
    }

    /// Why an error means "again later"; nil when the same work would fail the same way.
    static func retryReason(_ error: any Error) -> String? {
        switch error {
        case let fault as PostgresFault where fault.isTransient: "the database failed: \(fault)"
        case let fault as MessagingFault where fault.isRetriable: fault.sentence
        default: nil
        }
    }

    private static func outcome(of error: any Error) -> ApplyOutcome {
        if error is PositionMoved { return .moved }
        return .retry(retryReason(error) ?? "the position cannot be moved: \(error)")
    }
}
