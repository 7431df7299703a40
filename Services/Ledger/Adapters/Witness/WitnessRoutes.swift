import HTTPTypes
import LedgerProtocol
import Model
package import ServiceRuntime
import TransparencyLog

/// The HTTP interface of a C2SP witness.
package struct WitnessRoutes: Sendable {
    private let settings: WitnessSettings
    private let store: WitnessStore

    /// Witnesses the logs of the settings, and remembers in a store.
    package init(settings: WitnessSettings, store: WitnessStore) {
        self.settings = settings
        self.store = store
    }

    /// The routes; without a key of the witness each answers 404.
    package var routes: [Route] {
        [
            .post("/add-checkpoint") { request in try await addCheckpoint(request) },
            .get("/witness") { _ in try show() },
            .get("/witness/evidence") { _ in try await evidence() },
        ]
    }

    private func addCheckpoint(_ request: ServiceRequest) async throws -> ServiceResponse {
        guard let cosigner = settings.cosigner else { throw Self.noWitness }
        let parsed: AddCheckpointRequest
        do throws(NoteError) {
            parsed = try AddCheckpointRequest(parsing: request.body)
        } catch {
            return Self.answer(.malformedRequest(error))
        }
        guard parsed.checkpoint.size <= UInt64(Int64.max) else {
            return Self.answer(.malformedRequest(.malformedCheckpoint("no log has so many entries")))
        }
        let keys = settings.logs[parsed.checkpoint.origin]
        switch try await store.judge(parsed, logKeys: keys, by: cosigner) {
        case .refused(let refusal): return Self.answer(refusal)
        case .cosigned(let signature):
            return .bytes([UInt8](signature.line.utf8), contentType: "text/plain; charset=utf-8")
        }
    }

    private static func answer(_ refusal: WitnessRefusal) -> ServiceResponse {
        .bytes(
            [UInt8](refusal.body.utf8), contentType: refusal.contentType,
            status: HTTPResponse.Status(code: refusal.statusCode))
    }

    /// Says which key others have to list, and which logs are witnessed.
    private func show() throws -> ServiceResponse {
        guard let key = settings.cosigner?.key else { throw Self.noWitness }
        let logs = settings.logs.keys.sorted().map { JSONValue.string($0) }
        return .json(.ok, ["logs": .array(logs), "vkey": .string(key.vkey)])
    }

    private func evidence() async throws -> ServiceResponse {
        guard settings.signer != nil else { throw Self.noWitness }
        let rows = try await store.evidence(against: settings.logs).map { evidence -> JSONValue in
            [
                "heldNote": evidence.heldNote.map { .string($0) } ?? .null,
                "kind": .string(evidence.isFork ? "fork" : "unproven"),
                "origin": .string(evidence.origin), "request": .string(evidence.request),
            ]
        }
        return .json(.ok, .array(rows))
    }

    private static var noWitness: HTTPProblem {
        .notFound("no_witness", "this validator is no witness; its operator has to make a `witness.key`")
    }
}
