/// One connection on a queue of its own; libpq's calls may block it and nothing else.
actor PostgresConnection {
    private nonisolated let executor: QueueExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let configuration: PostgresConfiguration
    private var link: PostgresLink?
    private var isClosed = false
    private var reconnects = true
    private var failedAttemptCount = 0
    private var nextAttempt = ContinuousClock.now
    private var lastFault = PostgresFault.closed

    // Reconnecting starts at once, then waits 50 ms, 100 ms, … up to 1 s, so that a database which
    // comes back is not met by a storm and is found again well within 15 s.
    private static let firstPause = Duration.milliseconds(50)
    private static let longestPause = Duration.seconds(1)

    init(_ configuration: PostgresConfiguration) {
        self.configuration = configuration
        executor = QueueExecutor(label: "postgres.\(configuration.schema)")
    }

    /// Runs `body` in one READ COMMITTED transaction: commits after it, rolls back if it throws.
    func transaction<R: Sendable>(_ body: @Sendable (PostgresSession) throws -> R) throws -> R {
        let link = try begin()
        let session = PostgresSession(link)
        defer { session.end() }
        let value: R
        do {
            value = try body(session)
        } catch {
            rollBack(link)
            throw error
        }
        try commit(link)
        return value
    }

    /// Runs `body` without a transaction around it.
    func autocommit<R: Sendable>(_ body: @Sendable (PostgresSession) throws -> R) throws -> R {
        let link = try openLink()
        let session = PostgresSession(link)
        defer {
            session.end()
            if link.isInTransaction { rollBack(link) }
            forgetIfBroken(link)
        }
        return try body(session)
    }

    /// Whether the session that is open still answers.
    func answers() -> Bool {
        guard link != nil else { return false }
        return (try? openLink().run("SELECT 1", [])) != nil
    }

    /// Keeps to the session that is open now: once it is lost, every use is a fault.
    func keepSession() {
        reconnects = false
    }

    /// Closes the connection for good, after the work that is under way.
    func close() {
        isClosed = true
        link = nil
    }

    private func openLink() throws -> PostgresLink {
        guard !isClosed else { throw PostgresFault.closed }
        if let link {
            if link.isAlive() { return link }
            self.link = nil
        }
        guard reconnects else {
            throw PostgresFault(reason: .connectionLost, message: "the session that held the lock is gone")
        }
        guard ContinuousClock.now >= nextAttempt else { throw lastFault }
        do {
            let opened = try PostgresLink(opening: configuration)
            failedAttemptCount = 0
            link = opened
            return opened
        } catch let fault as PostgresFault {
            let doublings = min(failedAttemptCount, 5)
            nextAttempt = .now + min(Self.firstPause * (1 << doublings), Self.longestPause)
            failedAttemptCount += 1
            lastFault = fault
            throw fault
        }
    }

    private func begin() throws -> PostgresLink {
        let statement = "BEGIN ISOLATION LEVEL READ COMMITTED"
        let first = try openLink()
        do {
            try first.command(statement)
            return first
        } catch let fault as PostgresFault where fault.isConnectionLost {
            // Nothing has happened yet, so a connection that died while idle is simply replaced.
            link = nil
            let second = try openLink()
            try second.command(statement)
            return second
        }
    }

    private func commit(_ link: PostgresLink) throws {
        guard link.isInTransaction else {
            throw PostgresFault(reason: .misuse, message: "the work ended its transaction itself")
        }
        do {
            let result = try link.command("COMMIT")
            // The server answers a COMMIT after a failed statement with ROLLBACK and no error.
            guard result.commandTag == "COMMIT" else {
                throw PostgresFault(
                    reason: .server, code: "25P02",
                    message: "the transaction was rolled back because one of its statements had failed")
            }
        } catch let fault as PostgresFault {
            forgetIfBroken(link)
            throw fault.isConnectionLost ? fault.duringCommit() : fault
        }
    }

    private func rollBack(_ link: PostgresLink) {
        link.setPatience(statementTimeoutMilliseconds: nil)
        if !link.isBroken, link.isInTransaction, (try? link.command("ROLLBACK")) == nil { self.link = nil }
        forgetIfBroken(link)
    }

    private func forgetIfBroken(_ link: PostgresLink) {
        if link.isBroken { self.link = nil }
    }
}

extension PostgresConnection {
    /// Unlocks at once, for the server notices a closed connection only a moment later, and closes.
    func release(advisoryLock key: Int64) {
        _ = try? autocommit { session in
            try session.execute("SELECT pg_advisory_unlock($1)", [.int(key)])
        }
        close()
    }
}
