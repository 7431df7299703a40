import CLibpq
import Glibc

/// Owns one libpq connection and its prepared statements; used only on its actor's queue.
///
/// Statements are sent without blocking and their results awaited by `poll`, so that a server which
/// stopped answering costs its caller a bounded time.
final class PostgresLink {
    private let connection: OpaquePointer
    private var statements = StatementCache()
    /// How long the client waits for one statement before it gives the connection up.
    private let ordinaryPatienceMilliseconds: Int
    private var patienceMilliseconds: Int
    private(set) var isBroken = false

    // Time for the server's own cancellation to arrive before the connection is given up.
    private static let graceMilliseconds = 5_000

    init(opening configuration: PostgresConfiguration) throws {
        let parameters = configuration.connectionParameters
        let opened = withCStrings(parameters.map { $0.keyword }) { keywords in
            withCStrings(parameters.map { $0.value }) { values in PQconnectdbParams(keywords, values, 0) }
        }
        // Null means that memory ran out (libpq, PQconnectdbParams); any other failure has a status.
        guard let opened else { fatalError("libpq could not allocate a connection") }
        connection = opened
        ordinaryPatienceMilliseconds = configuration.statementTimeoutMilliseconds + Self.graceMilliseconds
        patienceMilliseconds = ordinaryPatienceMilliseconds
        guard PQstatus(connection) == CONNECTION_OK else {
            // libpq's text names hosts, users and reasons, never the password.
            throw PostgresFault(reason: .connectionLost, message: singleLine(PQerrorMessage(connection)))
        }
        PQsetnonblocking(connection, 1)
        PQsetNoticeReceiver(connection, { _, _ in }, nil)
    }

    deinit { PQfinish(connection) }

    var socket: Int32 { PQsocket(connection) }
    var isInTransaction: Bool {
        let status = PQtransactionStatus(connection)
        return status == PQTRANS_INTRANS || status == PQTRANS_INERROR
    }

    /// Looks, without a round trip, whether the server has closed an idle connection.
    func isAlive() -> Bool {
        var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        // The server's last words come before the end of the stream, so one look is not enough.
        while !isBroken, poll(&descriptor, 1, 0) > 0 {
            if PQconsumeInput(connection) == 0 { isBroken = true }
        }
        if PQstatus(connection) != CONNECTION_OK { isBroken = true }
        return !isBroken
    }

    /// Sets how long the statements that follow may take; nil goes back to the configured time.
    func setPatience(statementTimeoutMilliseconds: Int?) {
        patienceMilliseconds =
            statementTimeoutMilliseconds.map { $0 + Self.graceMilliseconds } ?? ordinaryPatienceMilliseconds
    }

    /// Runs statements that take no parameters and whose plan is not kept.
    @discardableResult
    func command(_ sql: String) throws -> PostgresResult {
        try send { PQsendQuery(connection, sql) }
    }

    /// Runs one statement by its cached plan.
    func run(_ sql: String, _ values: [PostgresValue]) throws -> PostgresResult {
        let parameters = EncodedParameters(values)
        do {
            return try runPrepared(sql, parameters)
        } catch let fault as PostgresFault where fault.reason == .stalePlan && !isInTransaction {
            return try runPrepared(sql, parameters)
        }
    }

    /// Reads what has arrived and returns the channels that were notified.
    func notifiedChannels() throws -> [String] {
        guard PQconsumeInput(connection) == 1, PQstatus(connection) == CONNECTION_OK else {
            throw lost(singleLine(PQerrorMessage(connection)))
        }
        var channels: [String] = []
        while let notification = PQnotifies(connection) {
            channels.append(String(cString: notification.pointee.relname))
            PQfreemem(notification)
        }
        return channels
    }

    private func runPrepared(_ sql: String, _ parameters: EncodedParameters) throws -> PostgresResult {
        let key = StatementCache.Key(sql: sql, types: parameters.types)
        let name = try statements.name(of: key) ?? prepare(key)
        do {
            return try parameters.withPointers { values, lengths, formats in
                try send {
                    PQsendQueryPrepared(connection, name, Int32(values.count), values, lengths, formats, 1)
                }
            }
        } catch let fault as PostgresFault where fault.reason == .stalePlan {
            statements.remove(key)
            throw fault
        }
    }

    private func prepare(_ key: StatementCache.Key) throws -> String {
        if let oldest = statements.evictionCandidate() { try command("DEALLOCATE \(oldest)") }
        let name = statements.nextName()
        _ = try send { PQsendPrepare(connection, name, key.sql, Int32(key.types.count), key.types) }
        statements.insert(key, name: name)
        return name
    }

    private func send(_ start: () -> Int32) throws -> PostgresResult {
        guard !isBroken else { throw lost("the connection is broken") }
        guard start() == 1 else { throw lost(singleLine(PQerrorMessage(connection))) }
        let deadline = ContinuousClock.now + .milliseconds(patienceMilliseconds)
        var last: PostgresResult?
        while true {
            try awaitResult(until: deadline)
            guard let pointer = PQgetResult(connection) else { break }
            let result = PostgresResult(owning: pointer)
            guard result.status != PGRES_COPY_IN, result.status != PGRES_COPY_OUT else {
                throw lost("COPY is not spoken on this connection")
            }
            // After a script's failing statement the server skips the rest: the first failure is the
            // answer.
            if last.map({ !$0.isFailure }) ?? true { last = result }
        }
        guard let last else { throw lost("the server gave no answer") }
        if last.isFailure { throw fault(of: last) }
        return last
    }

    private func awaitResult(until deadline: ContinuousClock.Instant) throws {
        while true {
            let flushed = PQflush(connection)
            if flushed < 0 || (flushed == 0 && PQisBusy(connection) == 0) { return }
            let remaining = ContinuousClock.now.duration(to: deadline)
            guard remaining > .zero else { throw lost("the server did not answer in time") }
            let events = flushed == 1 ? POLLIN | POLLOUT : POLLIN
            var descriptor = pollfd(fd: socket, events: Int16(events), revents: 0)
            let milliseconds = remaining / .milliseconds(1)
            _ = poll(&descriptor, 1, Int32(min(milliseconds.rounded(.up), 1_000_000)))
            // A lost connection shows up as a failed result, which carries the server's last words.
            if descriptor.revents & Int16(POLLIN | POLLERR | POLLHUP) != 0, PQconsumeInput(connection) == 0 {
                return
            }
        }
    }

    private func lost(_ message: String) -> PostgresFault {
        isBroken = true
        return PostgresFault(reason: .connectionLost, message: message)
    }

    private func fault(of result: PostgresResult) -> PostgresFault {
        let code = result.field("C") ?? ""
        let message = result.field("M") ?? singleLine(PQresultErrorMessage(result.pointer))
        if PQstatus(connection) != CONNECTION_OK { isBroken = true }
        return PostgresFault(
            reason: isBroken ? .connectionLost : result.isStalePlan ? .stalePlan : .server, code: code,
            message: message, constraint: result.field("n"))
    }
}

extension PostgresResult {
    fileprivate var isFailure: Bool {
        status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY
    }

    /// The prepared statement is unknown to the server, or a table that it reads was altered; the
    /// second has the code of any unsupported feature, and only the server's function tells them apart.
    fileprivate var isStalePlan: Bool {
        let code = field("C")
        return code == "26000" || (code == "0A000" && field("R") == "RevalidateCachedQuery")
    }

    // SPEC libpq-fe.h PG_DIAG_*: one letter names each field of an error; Swift does not see the macros.
    fileprivate func field(_ letter: Unicode.Scalar) -> String? {
        PQresultErrorField(pointer, Int32(letter.value)).map { String(cString: $0) }
    }
}

/// Makes one line of libpq's message, which may have several.
private func singleLine(_ message: UnsafePointer<CChar>?) -> String {
    guard let message else { return "" }
    return String(cString: message).split(whereSeparator: \.isNewline).joined(separator: "; ")
}

/// Hands C copies of the strings, ended by a null address, to `body`.
private func withCStrings<R>(_ strings: [String], _ body: ([UnsafePointer<CChar>?]) -> R) -> R {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies.map { UnsafePointer($0) } + [nil])
}
