import Cryptography
import HTTPTypes
import LedgerCore
import LedgerProtocol
import Model
import ServiceRuntime
import TransparencyLog

/// What a ledger process serves to everybody who can reach it; the ledger holds no personal data.
struct LedgerRoutes: Sendable {
    let validator: Validator
    let store: BlockStore

    var routes: [Route] {
        [
            .get("/blocks/{height}") { request in try await block(request) },
            .get("/notes/{height}") { request in try await note(request) },
            .get("/keys/{id}") { request in try await key(request) },
            .get("/network") { _ in await network() },
            .get("/network/changes") { _ in try await changes() },
        ]
    }

    private func block(_ request: ServiceRequest) async throws -> ServiceResponse {
        guard let bytes = try await store.finalBlock(try height(request)) else {
            throw HTTPProblem.notFound("no_block", "there is no final block at this height yet")
        }
        return .bytes(
            bytes, contentType: "application/octet-stream",
            headers: [.cacheControl: ReadingRoutes.longCache])
    }

    private func note(_ request: ServiceRequest) async throws -> ServiceResponse {
        guard let note = try await store.note(try height(request)) else {
            throw HTTPProblem.notFound("no_note", "no quorum has cosigned the checkpoint of this height yet")
        }
        return .bytes([UInt8](note.encoded().utf8), contentType: "text/plain; charset=utf-8")
    }

    private func height(_ request: ServiceRequest) throws -> BlockHeight {
        let text = try request.pathParameter("height")
        // One spelling a height, so that one block has one URL.
        guard let height = UInt64(text), String(height) == text, height > 0, height <= Int64.max else {
            throw HTTPProblem.badRequest(
                "invalid_height", "a height is a whole number from 1, without sign or leading zeros")
        }
        return BlockHeight(height)
    }

    /// The network by which the next block is judged.
    private func network() async -> ServiceResponse {
        let (state, height) = await validator.network
        return .json(
            .ok,
            [
                "height": .string(String(height.value)), "state": state.json,
                "stateHash": .string(state.hash.hex),
            ])
    }

    private func changes() async throws -> ServiceResponse {
        .json(.ok, NetworkChangeList(try await store.changes(partials: await validator.tiles)).json)
    }

    private func key(_ request: ServiceRequest) async throws -> ServiceResponse {
        let text = try request.pathParameter("id")
        guard let keyID = KeyID(hex: text) else {
            throw HTTPProblem.badRequest("invalid_key", "a key id is 64 lower-case hexadecimal digits")
        }
        guard let next = await validator.nextSequence(of: keyID) else {
            throw HTTPProblem.notFound("unknown_key", "nobody in this network submits with this key")
        }
        // A sequence may exceed what a JSON number holds exactly, so it is text.
        return .json(.ok, ["key": .string(text), "nextSequence": .string(String(next))])
    }
}
