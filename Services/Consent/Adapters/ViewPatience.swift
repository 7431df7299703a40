import ConsentCore

/// Lets a request wait for this replica's view of the participants, which follows `identity` by milliseconds.
enum ViewPatience {
    /// How often the request is tried again, and how long it waits before each time: half a second together.
    private static let retryMax = 10
    private static let pause: Duration = .milliseconds(50)

    /// How long a request waits at most.
    static var whole: Duration { pause * retryMax }

    /// Runs a body again while it is refused for what the view may not hold yet.
    static func following<Outcome>(_ body: () async throws -> Outcome) async throws -> Outcome {
        for _ in 0..<retryMax {
            do {
                return try await body()
            } catch let refusal as ConsentRefusal where refusal.mayBeViewBehind {
                try await Task.sleep(for: pause)
            } catch let refusal as AccessRefusal where refusal.mayBeViewBehind {
                try await Task.sleep(for: pause)
            }
        }
        return try await body()
    }
}
