import CLibpq

/// Says where a Postgres database is, who connects to it and which limits hold on each connection.
package struct PostgresConfiguration: Sendable {
    /// A host name, an address, or the directory of a Unix socket when it starts with `/`.
    package var host: String
    /// The TCP port, or the number in the name of the Unix socket.
    package var port: Int
    /// The database's name.
    package var database: String
    /// The role to connect as.
    package var user: String
    /// Nil where the server asks for none; never printed.
    package var password: String?
    /// The search path of every connection: one schema, or several separated by commas.
    package var schema: String
    /// The longest that one attempt to connect may take.
    package var connectTimeoutSeconds: Int
    /// The server cancels a statement after this time; the client gives the connection up a little later.
    package var statementTimeoutMilliseconds: Int
    /// The number of connections in a pool.
    package var connectionCountMax: Int
    /// The name that the server's own views and logs show.
    package var applicationName: String
    /// Further libpq parameters for TLS, such as `sslmode` and `sslrootcert`.
    package var transportParameters: [String: String] = [:]

    /// Creates a configuration; the defaults suit a service on one machine.
    package init(
        host: String, port: Int = 5432, database: String, user: String, password: String? = nil,
        schema: String, connectTimeoutSeconds: Int = 5, statementTimeoutMilliseconds: Int = 10_000,
        connectionCountMax: Int = 4, applicationName: String = "consentry"
    ) {
        self.host = host
        self.port = port
        self.database = database
        self.user = user
        self.password = password
        self.schema = schema
        self.connectTimeoutSeconds = connectTimeoutSeconds
        self.statementTimeoutMilliseconds = statementTimeoutMilliseconds
        self.connectionCountMax = connectionCountMax
        self.applicationName = applicationName
    }

    /// Reads `postgresql://user[:password]@host:port/database`, or the form with
    /// `?host=/socket/directory`.
    ///
    /// Of the query's parameters, those for TLS are kept, `application_name` and `connect_timeout` are
    /// used.
    /// - Throws: `PostgresFault` when the text is no such URL; the text itself is never repeated, as it
    ///   may hold a password.
    package init(url: String, schema: String) throws {
        let options = try Self.options(of: url)
        guard let host = options["host"] ?? options["hostaddr"], let user = options["user"],
            let database = options["dbname"]
        else {
            throw PostgresFault(
                reason: .misuse,
                message: "the Postgres URL lacks its user, host or database: write "
                    + "`postgresql://user@host:5432/database`")
        }
        guard let port = Int(options["port"] ?? "5432"), (1...65_535).contains(port) else {
            throw PostgresFault(
                reason: .misuse, message: "the Postgres URL's port is no number from 1 to 65535")
        }
        self.init(
            host: host, port: port, database: database, user: user, password: options["password"],
            schema: schema, applicationName: options["application_name"] ?? "consentry")
        if let seconds = options["connect_timeout"].flatMap({ Int($0) }), seconds > 0 {
            connectTimeoutSeconds = seconds
        }
        transportParameters = options.filter { Self.transportParameterNames.contains($0.key) }
    }

    private static let transportParameterNames: Set<String> = [
        "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "ssl_min_protocol_version",
        "channel_binding", "target_session_attrs",
    ]

    private static func options(of url: String) throws -> [String: String] {
        guard let list = PQconninfoParse(url, nil) else {
            throw PostgresFault(
                reason: .misuse,
                message: "the Postgres URL cannot be read: write `postgresql://user@host:5432/database`")
        }
        defer { PQconninfoFree(list) }
        var options: [String: String] = [:]
        var next = list
        while let keyword = next.pointee.keyword {
            if let value = next.pointee.val { options[String(cString: keyword)] = String(cString: value) }
            next += 1
        }
        return options
    }

    /// The keywords and values that libpq connects with.
    var connectionParameters: [(keyword: String, value: String)] {
        var parameters = [
            ("host", host), ("port", String(port)), ("dbname", database), ("user", user),
            ("application_name", applicationName), ("client_encoding", "UTF8"),
            ("connect_timeout", String(connectTimeoutSeconds)), ("gssencmode", "disable"),
            // A peer that vanished is noticed after about 11 s instead of the system's two hours.
            ("keepalives_idle", "5"), ("keepalives_interval", "2"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "11000"), ("options", serverOptions),
        ]
        if let password { parameters.append(("password", password)) }
        parameters += transportParameters.map { ($0.key, $0.value) }
        return parameters.map { (keyword: $0.0, value: $0.1) }
    }

    private var serverOptions: String {
        [
            ("statement_timeout", String(statementTimeoutMilliseconds)),
            // Frees locks that a stopped client holds; no body of ours computes for so long between
            // statements.
            ("idle_in_transaction_session_timeout", "30000"),
            ("tcp_keepalives_idle", "5"), ("tcp_keepalives_interval", "2"), ("tcp_keepalives_count", "3"),
            ("timezone", "UTC"), ("search_path", searchPath),
        ].map { "-c \($0.0)=\(Self.escapedOption($0.1))" }.joined(separator: " ")
    }

    private var searchPath: String {
        schema.split(separator: ",").map { quotedIdentifier(String($0.trimmingSpaces)) }.joined(
            separator: ",")
    }

    private static func escapedOption(_ value: String) -> String {
        var escaped = ""
        for character in value {
            if character == " " || character == "\\" { escaped.append("\\") }
            escaped.append(character)
        }
        return escaped
    }
}

extension PostgresConfiguration: CustomStringConvertible, CustomReflectable {
    /// The place and the user; never the password.
    package var description: String { "\(user)@\(host):\(port)/\(database) (\(schema))" }

    /// Shows reflection the description only, so that no dump prints the password.
    package var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}

/// Writes an identifier so that Postgres reads exactly this name.
func quotedIdentifier(_ name: String) -> String {
    let doubled = name.map { $0 == "\"" ? "\"\"" : String($0) }.joined()
    return "\"\(doubled)\""
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        let start = drop { $0 == " " }
        guard let last = start.lastIndex(where: { $0 != " " }) else { return start }
        return start[...last]
    }
}
