/// The end of an operation that raced against a deadline.
struct RaceOutcome<Value: Sendable>: Sendable {
    /// What the operation returned or threw, after its cancellation if the deadline came first.
    let result: Result<Value, any Error>
    /// True when the deadline came first.
    let isLate: Bool
}

/// Runs an operation and cancels it at the deadline.
///
/// It returns only when the operation has ended, so nothing goes on behind an answered request: an
/// operation that ignores cancellation answers late.
func race<Value: Sendable>(
    until deadline: ContinuousClock.Instant, _ operation: @escaping @Sendable () async throws -> Value
) async -> RaceOutcome<Value> {
    await withTaskGroup(of: Result<Value, any Error>?.self) { group in
        group.addTask {
            do { return .success(try await operation()) } catch { return .failure(error) }
        }
        group.addTask {
            try? await Task.sleep(until: deadline, clock: .continuous)
            return nil
        }
        var isLate = false
        while let ended = await group.next() {
            group.cancelAll()
            if let result = ended { return RaceOutcome(result: result, isLate: isLate) }
            // The sleep also ends early when this task itself is cancelled; that is not a time-out.
            isLate = ContinuousClock.now >= deadline
        }
        preconditionFailure("the operation's own task always gives a result")
    }
}
