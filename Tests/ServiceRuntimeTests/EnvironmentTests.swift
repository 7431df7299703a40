import Logging
import ServiceRuntime
import Testing

@Suite struct EnvironmentTests {
    private let environment = Environment([
        "PORT": "8080", "WORD": "eight", "EMPTY": "", "LINE": "a\nb", "FLAG": "true", "LIST": "a, b ,c",
        "HOLES": "a,,b", "URL": "http://user:hush@host:1/path/", "BARE": "hush.example",
        "FILE": "/proc/self/statm",
        "GONE": "/nonexistent/file", "LOG_LEVEL": "loud",
    ])

    @Test func readsTypedValuesAndDefaults() throws {
        #expect(try environment.int("PORT", default: 1, in: 1...65_535) == 8_080)
        #expect(try environment.int("EMPTY", default: 1, in: 1...65_535) == 1)
        #expect(try environment.string("ABSENT", default: "x") == "x")
        #expect(try environment.bool("FLAG", default: false))
        #expect(try environment.list("LIST", default: []) == ["a", "b", "c"])
        #expect(try environment.url("URL") == "http://user:hush@host:1/path")
        #expect(try environment.url("ABSENT", default: "https://a") == "https://a")
        #expect(try environment.path("GONE") == "/nonexistent/file")
    }

    private typealias Read = @Sendable (Environment) throws -> Void

    @Test func everyErrorNamesItsVariable() throws {
        let reads: [(variable: String, read: Read)] = [
            ("ABSENT", { _ = try $0.required("ABSENT") }),
            ("EMPTY", { _ = try $0.required("EMPTY") }),
            ("LINE", { _ = try $0.string("LINE", default: "") }),
            ("WORD", { _ = try $0.int("WORD", default: 1, in: 0...9) }),
            ("PORT", { _ = try $0.int("PORT", default: 1, in: 0...9) }),
            ("WORD", { _ = try $0.bool("WORD", default: true) }),
            ("HOLES", { _ = try $0.list("HOLES", default: []) }),
            ("BARE", { _ = try $0.url("BARE") }),
            ("URL", { _ = try $0.url("URL", schemes: ["https"]) }),
            ("ABSENT", { _ = try $0.path("ABSENT") }),
            ("GONE", { _ = try $0.fileContents(pathVariable: "GONE") }),
            ("LOG_LEVEL", { _ = try ServiceConfiguration(name: "x", defaultPort: 1, environment: $0) }),
        ]
        for (variable, read) in reads {
            let error = #expect(throws: ConfigurationError.self) { try read(environment) }
            #expect(error?.variable == variable)
            #expect(error?.description.contains("hush") == false)
        }
    }

    @Test func serviceConfigurationHasDefaults() throws {
        let configuration = try ServiceConfiguration(
            name: "consent", defaultPort: 8_082, environment: Environment(["HTTP_REQUESTS_MAX": "16"]))
        #expect(configuration.port == 8_082)
        #expect(configuration.logLevel == .info)
        #expect(configuration.limits.concurrentRequestMax == 16)
    }
}
