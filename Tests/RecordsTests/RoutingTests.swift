import Foundation
import FoundationNetworking
import Logging
import Model
import RecordsAdapters
import ServiceRuntime
import Synchronization
import Testing

/// The routes behind a real server: every path reaches a handler that asks for a token.
@Suite struct RoutingTests {
    @Test func everyPathReachesItsRoute() async throws {
        try await VaultFixture.with { vault in
            let application = ServiceApplication(
                name: "records", host: "127.0.0.1", port: 0, routes: vault.service.routes(isFresh: { true }),
                readiness: { [] }, metrics: Metrics(), logger: Logger(label: "records"))
            let statuses = Mutex<[Int]>([])
            try await application.run(trapsSignals: false) { running in
                for (method, path) in [
                    ("POST", "/fhir/Patient/1/$store"), ("GET", "/fhir/Patient/1/$everything"),
                    ("GET", "/fhir/Patient/1"), ("GET", "/fhir/Observation/1"), ("GET", "/fhir/Observation"),
                ] {
                    let status = try? await Self.status(method, "http://127.0.0.1:\(running.port)\(path)")
                    statuses.withLock { $0.append(status ?? 0) }
                }
                await running.stop()
            }
            let seen = statuses.withLock { $0 }
            #expect(seen == [401, 401, 401, 401, 404])
        }
    }

    private static func status(_ method: String, _ url: String) async throws -> Int? {
        guard let url = URL(string: url) else { return nil }
        var request = URLRequest(url: url, timeoutInterval: 5)
        request.httpMethod = method
        let (_, response) = try await URLSession.shared.data(for: request)
        return (response as? HTTPURLResponse)?.statusCode
    }
}
