/// Runs statements on one connection; valid only inside the closure that received it.
package final class PostgresSession {
    private var link: PostgresLink?

    init(_ link: PostgresLink) {
        self.link = link
    }

    /// Runs one statement and returns how many rows it changed.
    ///
    /// The statement is prepared once a connection and text, so pass values as parameters, never in the
    /// text.
    /// - Throws: `PostgresFault`.
    @discardableResult
    package func execute(_ sql: String, _ parameters: [PostgresValue] = []) throws -> Int {
        try usableLink.run(sql, parameters).affectedRowCount
    }

    /// Runs one statement and returns its rows; bound their number in the statement.
    /// - Throws: `PostgresFault`.
    package func query(_ sql: String, _ parameters: [PostgresValue] = []) throws -> [PostgresRow] {
        try usableLink.run(sql, parameters).rows
    }

    /// Runs several statements without parameters, such as a migration; their plans are not kept.
    /// - Throws: `PostgresFault` of the first statement that failed.
    package func execute(script: String) throws {
        try usableLink.command(script)
    }

    /// Allows statements of this transaction another time than the configured one.
    /// - Throws: `PostgresFault`.
    package func setStatementTimeout(milliseconds: Int) throws {
        let setting = PostgresValue.text(String(milliseconds))
        try execute("SELECT set_config('statement_timeout', $1, true)", [setting])
        usableLink.setPatience(statementTimeoutMilliseconds: milliseconds)
    }

    /// Ends the session's validity; using it afterwards traps.
    func end() {
        link?.setPatience(statementTimeoutMilliseconds: nil)
        link = nil
    }

    private var usableLink: PostgresLink {
        // A defect of the caller: the connection may serve another transaction by now.
        guard let link else { fatalError("a Postgres session was used outside its closure") }
        return link
    }
}
