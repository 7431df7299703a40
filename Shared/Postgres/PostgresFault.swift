/// Says what went wrong between this process and Postgres.
///
/// Only the server's primary message is kept: its detail line repeats the values of the row.
package struct PostgresFault: Error, Sendable {
    /// The kinds of failure that callers tell apart.
    package enum Reason: Sendable, Equatable {
        /// The server refused a statement; `code` is its SQLSTATE.
        case server
        /// A cached plan no longer fits the tables; the statement is prepared anew next time.
        case stalePlan
        /// No connection, before or during a statement; the transaction did not take effect.
        case connectionLost
        /// The connection was lost during COMMIT: the transaction took effect or it did not.
        case commitUnknown
        /// Too many callers wait for a connection, or one waited too long: answer 503.
        case poolExhausted
        /// The pool, listener or lock was closed by this process.
        case closed
        /// A column has another type than the caller reads.
        case unreadable
        /// The caller broke a rule of this module.
        case misuse
        /// The database's migrations are not those of this program.
        case migrationRefused
    }

    /// The kind of failure.
    package let reason: Reason
    /// The SQLSTATE, or empty when the fault did not come from the server.
    package let code: String
    /// One sentence without values of rows.
    package let message: String
    /// The constraint that refused the row, if any.
    package let constraint: String?

    /// Creates a fault; tests of callers use it too.
    package init(reason: Reason, code: String = "", message: String, constraint: String? = nil) {
        self.reason = reason
        self.code = code
        self.message = message
        self.constraint = constraint
    }

    /// Whether the work surely did not take effect and the same work may succeed later.
    package var isRetriable: Bool {
        switch reason {
        case .connectionLost, .poolExhausted, .stalePlan: true
        case .commitUnknown, .closed, .unreadable, .misuse, .migrationRefused: false
        case .server:
            Self.retriableCodes.contains(code) || Self.retriableClasses.contains(String(code.prefix(2)))
        }
    }

    /// Whether the cause lies outside the work's input, so that the work must never be parked for it.
    package var isTransient: Bool { isRetriable || reason == .commitUnknown || reason == .closed }

    /// Whether no usable connection is left.
    package var isConnectionLost: Bool { reason == .connectionLost || reason == .commitUnknown }

    /// Whether a row with the same key exists already.
    package var isUniqueViolation: Bool { code == "23505" }

    /// Whether the connection was lost during COMMIT; ask the database before doing the work again.
    package var isCommitUnknown: Bool { reason == .commitUnknown }

    /// Whether the limit on waiting callers was reached; maps to 503.
    package var isPoolExhausted: Bool { reason == .poolExhausted }

    // Serialization failure, deadlock, lock not available, statement cancelled, idle in transaction,
    // read-only server (a standby after a failover) and the server's shutdown and start.
    private static let retriableCodes: Set<String> = [
        "40001", "40P01", "55P03", "57014", "25P03", "25006", "57P01", "57P02", "57P03", "57P05",
    ]
    // Connection exceptions and insufficient resources (disk full, too many connections).
    private static let retriableClasses: Set<String> = ["08", "53"]

    static let poolExhausted = PostgresFault(
        reason: .poolExhausted, message: "no database connection became free in time: try again later")
    static let closed = PostgresFault(reason: .closed, message: "the database connection was closed")

    /// The same fault, met while COMMIT was under way.
    func duringCommit() -> PostgresFault {
        PostgresFault(
            reason: .commitUnknown, code: code,
            message: "the connection was lost during commit: look whether the work took effect")
    }
}

extension PostgresFault: CustomStringConvertible {
    /// The message with its SQLSTATE.
    package var description: String { code.isEmpty ? message : "\(message) [\(code)]" }
}
