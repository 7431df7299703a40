import Dispatch
import Synchronization

/// The idle connections of a pool, and the tasks that wait for one in the order of their coming.
final class ConnectionQueue: Sendable {
    // More waiting tasks than this would outwait their time anyway; they are refused at once.
    static let waiterCountMax = 1_000
    static let waitMax = Duration.seconds(5)

    private typealias Continuation = CheckedContinuation<PostgresConnection, any Error>

    private struct Waiter {
        let continuation: Continuation
        let deadline: ContinuousClock.Instant
    }

    private struct State {
        var idle: [PostgresConnection]
        var waiters: [UInt64: Waiter] = [:]
        /// Numbers in the order of their coming; those that gave up are skipped.
        var line: [UInt64] = []
        var numberCount: UInt64 = 0
        var isTimerArmed = false
        var isClosed = false

        mutating func removeFirstWaiter() -> Waiter? {
            while !line.isEmpty {
                if let waiter = waiters.removeValue(forKey: line.removeFirst()) { return waiter }
            }
            return nil
        }
    }

    private let state: Mutex<State>
    private let timer = DispatchQueue(label: "postgres.pool.timer")

    init(_ connections: [PostgresConnection]) {
        state = Mutex(State(idle: connections))
    }

    var counts: (idle: Int, waiting: Int) { state.withLock { ($0.idle.count, $0.waiters.count) } }

    /// Takes an idle connection, or waits until one is given back.
    func take() async throws -> PostgresConnection {
        try Task.checkCancellation()
        let number = state.withLock { state in
            state.numberCount += 1
            return state.numberCount
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enter(number, continuation)
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: number) }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    func giveBack(_ connection: PostgresConnection) {
        let waiter = state.withLock { state -> Waiter? in
            if let waiter = state.removeFirstWaiter() { return waiter }
            state.idle.append(connection)
            return nil
        }
        waiter?.continuation.resume(returning: connection)
    }

    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            state.line = []
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.continuation.resume(throwing: PostgresFault.closed) }
    }

    private func enter(_ number: UInt64, _ continuation: Continuation) {
        let outcome = state.withLock { state -> Result<PostgresConnection, any Error>? in
            if state.isClosed { return .failure(PostgresFault.closed) }
            // Cancellation that came before this look is seen here; a later one finds the waiter in its
            // place.
            if Task.isCancelled { return .failure(CancellationError()) }
            if let connection = state.idle.popLast() { return .success(connection) }
            if state.waiters.count >= Self.waiterCountMax { return .failure(PostgresFault.poolExhausted) }
            let deadline = ContinuousClock.now + Self.waitMax
            state.waiters[number] = Waiter(continuation: continuation, deadline: deadline)
            state.line.append(number)
            arm(&state)
            return nil
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    /// Sets one timer for the longest waiter; all wait equally long, so it is the first to give up.
    private func arm(_ state: inout State) {
        let waiters = state.waiters
        guard !state.isTimerArmed, let first = state.line.lazy.compactMap({ waiters[$0] }).first else {
            return
        }
        state.isTimerArmed = true
        let pause = ContinuousClock.now.duration(to: first.deadline)
        timer.asyncAfter(deadline: .now() + max(0, pause / .seconds(1))) { [weak self] in
            self?.expireWaiters()
        }
    }

    private func expireWaiters() {
        let expired = state.withLock { state in
            state.isTimerArmed = false
            let now = ContinuousClock.now
            var expired: [Waiter] = []
            while let number = state.line.first {
                guard let waiter = state.waiters[number] else {
                    state.line.removeFirst()
                    continue
                }
                guard waiter.deadline <= now else { break }
                state.line.removeFirst()
                state.waiters[number] = nil
                expired.append(waiter)
            }
            arm(&state)
            return expired
        }
        for waiter in expired { waiter.continuation.resume(throwing: PostgresFault.poolExhausted) }
    }
}
