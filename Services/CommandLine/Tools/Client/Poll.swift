/// Asks again and again for something that comes about by itself, for a bounded time.
enum Poll {
    /// How long a client waits for an event to become final, a notice to arrive or a view to follow.
    static let patience: Duration = .seconds(30)

    /// Asks every 20 ms until there is an answer.
    ///
    /// - Throws: `ClientFailure` that names what did not come about, or what `ask` throws.
    @discardableResult
    static func until<Answer>(_ what: String, _ ask: () async throws -> Answer?) async throws -> Answer {
        let deadline = ContinuousClock.now + patience
        while ContinuousClock.now < deadline {
            if let answer = try await ask() { return answer }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ClientFailure("it did not come about within \(patience) that \(what)")
    }
}
