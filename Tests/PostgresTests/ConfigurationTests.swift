import Postgres
import TestSupport
import Testing

struct ConfigurationTests {
    @Test func `a URL with everything is read`() throws {
        let configuration = try PostgresConfiguration(
            url:
                "postgresql://al%40ice:s%2Fecret@db.example:6432/clinic?sslmode=verify-full"
                + "&connect_timeout=9",
            schema: "consent")
        #expect(configuration.user == "al@ice")
        #expect(configuration.password == "s/ecret")
        #expect(configuration.host == "db.example")
        #expect(configuration.port == 6432)
        #expect(configuration.database == "clinic")
        #expect(configuration.connectTimeoutSeconds == 9)
        #expect(configuration.transportParameters == ["sslmode": "verify-full"])
        #expect("\(configuration)".contains("ecret") == false)
        #expect(String(reflecting: configuration).contains("ecret") == false)
    }

    @Test func `a socket folder is read`() throws {
        let configuration = try PostgresConfiguration(
            url: "postgresql://alice@/clinic?host=/var/run/postgresql", schema: "consent")
        #expect(configuration.host == "/var/run/postgresql")
        #expect(configuration.port == 5432)
    }

    @Test(arguments: [
        "", "http://x", "postgresql://host/db", "postgresql://u:geheim@host", "postgresql://u@h:0/d",
    ])
    func `a bad URL is refused and never repeated`(_ url: String) throws {
        let fault = #expect(throws: PostgresFault.self) { try PostgresConfiguration(url: url, schema: "x") }
        #expect(fault?.description.contains("geheim") == false)
    }

    @Test func `a search path with quotes and spaces holds`() async throws {
        var configuration = try await PrivatePostgres.shared().createSchema("odd")
        configuration.schema = "we ird\\\"one, odd"
        let pool = PostgresPool(configuration)
        let path = try await pool.query { try $0.query("SHOW search_path")[0].text(0) }
        let socket = try await PrivatePostgres.shared().socketDirectory
        configuration.host = socket
        let local = PostgresPool(configuration)
        let database = try await local.query { try $0.query("SELECT current_database()")[0].text(0) }
        #expect(path == #""we ird\""one","odd""#)
        #expect(database == configuration.database)
        await pool.close()
        await local.close()
    }
}
