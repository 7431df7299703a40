import Model
import Synchronization

/// Holds the requests of this process that wait for events to become final.
final class FinalityWaiters: Sendable {
    /// The most requests that wait at once; each holds a connection of a client for up to some seconds.
    static let countMax = 10_000

    struct Ticket {
        fileprivate let number: UInt64
    }

    private enum Slot {
        case registered
        case waiting(CheckedContinuation<EventFinality?, Never>)
        case resolved(EventFinality?)
    }

    private struct Waiter {
        let id: EntryID
        var slot: Slot
    }

    private struct State {
        var nextNumber: UInt64 = 0
        var waiters: [UInt64: Waiter] = [:]
        var numbersByEvent: [EntryID: [UInt64]] = [:]
    }

    private let state = Mutex(State())

    /// The events that somebody waits for.
    var waitedFor: [EntryID] { state.withLock { Array($0.numbersByEvent.keys) } }

    /// Takes a place; what is resolved from now on reaches it.
    ///
    /// - Throws: `MessagingFault` with `.tooManyWaiters`.
    func register(_ id: EntryID) throws(MessagingFault) -> Ticket {
        let number = state.withLock { state -> UInt64? in
            guard state.waiters.count < Self.countMax else { return nil }
            let number = state.nextNumber
            state.nextNumber += 1
            state.waiters[number] = Waiter(id: id, slot: .registered)
            state.numbersByEvent[id, default: []].append(number)
            return number
        }
        guard let number else {
            throw MessagingFault(.tooManyWaiters, "too many requests wait for the ledger; ask again later")
        }
        return Ticket(number: number)
    }

    /// Gives the place back.
    func withdraw(_ ticket: Ticket) {
        settle(ticket, nil)
        state.withLock { state in
            guard let waiter = state.waiters.removeValue(forKey: ticket.number) else { return }
            state.numbersByEvent[waiter.id]?.removeAll { $0 == ticket.number }
            if state.numbersByEvent[waiter.id]?.isEmpty == true { state.numbersByEvent[waiter.id] = nil }
        }
    }

    /// Wakes everybody who waits for one of these events.
    func resolve(_ finalities: [EntryID: EventFinality]) {
        for (id, finality) in finalities where finality.isFinal {
            let numbers = state.withLock { $0.numbersByEvent[id] } ?? []
            for number in numbers { settle(Ticket(number: number), finality) }
        }
    }

    /// Waits for the event of the ticket; nil when the time is over first.
    ///
    /// - Throws: `CancellationError`.
    func wait(_ ticket: Ticket, timeoutMilliseconds: Int) async throws -> EventFinality? {
        let finality = await withTaskGroup(of: EventFinality?.self) { group in
            group.addTask { await self.resolution(of: ticket) }
            group.addTask {
                try? await Task.sleep(for: .milliseconds(timeoutMilliseconds))
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        if finality == nil { try Task.checkCancellation() }
        return finality
    }

    private func resolution(of ticket: Ticket) async -> EventFinality? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let outcome = state.withLock { state -> EventFinality?? in
                    guard case .registered = state.waiters[ticket.number]?.slot, !Task.isCancelled else {
                        if case .resolved(let finality) = state.waiters[ticket.number]?.slot {
                            return finality
                        }
                        return .some(nil)
                    }
                    state.waiters[ticket.number]?.slot = .waiting(continuation)
                    return nil
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            settle(ticket, nil)
        }
    }

    private func settle(_ ticket: Ticket, _ finality: EventFinality?) {
        let waiting = state.withLock { state -> CheckedContinuation<EventFinality?, Never>? in
            guard let waiter = state.waiters[ticket.number] else { return nil }
            switch waiter.slot {
            case .registered:
                state.waiters[ticket.number]?.slot = .resolved(finality)
                return nil
            case .waiting(let continuation):
                state.waiters[ticket.number]?.slot = .resolved(finality)
                return continuation
            case .resolved:
                return nil
            }
        }
        waiting?.resume(returning: finality)
    }
}
