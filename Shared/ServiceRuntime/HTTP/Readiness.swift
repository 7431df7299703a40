import HTTPTypes
import Model
import Synchronization

/// The state of one thing that a service needs.
package struct ReadinessCheck: Sendable, Equatable {
    /// What is needed, as in `database`.
    package let name: String
    /// Whether it can be used now.
    package let isReady: Bool
    /// What an operator should know; shown to whoever can reach `/readyz`.
    package let detail: String

    /// Makes the result of one check.
    package init(_ name: String, isReady: Bool, detail: String = "") {
        self.name = name
        self.isReady = isReady
        self.detail = detail
    }
}

/// The routes by which the platform watches a process: `/livez`, `/readyz` and `/metrics`.
struct Probes: Sendable {
    let readiness: @Sendable () async -> [ReadinessCheck]
    let readinessMilliseconds: Int
    let metrics: Metrics
    let shutdown: ShutdownState

    var routes: [Route] {
        [
            .get("/livez") { _ in .json(.ok, ["status": "alive"]) },
            .get("/readyz", handler: { _ in await readyz() }),
            .get("/metrics") { [metrics] _ in
                .bytes(Array(metrics.render().utf8), contentType: Metrics.contentType)
            },
        ]
    }

    private func readyz() async -> ServiceResponse {
        guard !shutdown.isStopping else {
            return .json(.serviceUnavailable, ["status": "stopping", "checks": []])
        }
        let deadline = ContinuousClock.now + .milliseconds(readinessMilliseconds)
        let outcome = await race(until: deadline) { [readiness] in await readiness() }
        var checks = (try? outcome.result.get()) ?? []
        if outcome.isLate {
            checks.append(ReadinessCheck("time", isReady: false, detail: "the checks took too long"))
        }
        let isReady = checks.allSatisfy(\.isReady)
        let list = checks.map { check -> JSONValue in
            ["name": .string(check.name), "ready": .bool(check.isReady), "detail": .string(check.detail)]
        }
        return .json(
            isReady ? .ok : .serviceUnavailable,
            ["status": isReady ? "ready" : "not_ready", "checks": .array(list)])
    }
}

/// Whether the process was asked to stop; from then on it is not ready.
final class ShutdownState: Sendable {
    private let stopping = Atomic(false)

    var isStopping: Bool { stopping.load(ordering: .acquiring) }

    func stop() { stopping.store(true, ordering: .releasing) }
}
