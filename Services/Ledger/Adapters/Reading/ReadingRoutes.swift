import HTTPTypes
import LedgerProtocol
import Merkle
import Model
package import ServiceRuntime
import TransparencyLog

/// What is read of the log over HTTP: C2SP tlog-tiles, and proofs for those who do not make them from tiles.
package struct ReadingRoutes: Sendable {
    private let reader: LogReader
    private let cosigned: CosignedNotes

    /// The height of a checkpoint's block, for which the C2SP text has no line; the name is a valid token.
    private static let blockHeightField = HTTPField.Name("Consentry-Block-Height")!
    // SPEC tlog-tiles: the checkpoint changes, so it is cached for a few seconds at most; nothing else does.
    private static let shortCache = "public, max-age=1"
    static let longCache = "public, max-age=31536000, immutable"
    private static let plainText = "text/plain; charset=utf-8"
    // Four path elements of three digits name 10^12 tiles; a partial one has an element more.
    private static let tileElementsMax = 5

    /// Serves what a reader reads, and beside the checkpoint what witnesses signed of it.
    package init(reader: LogReader, cosigned: CosignedNotes) {
        self.reader = reader
        self.cosigned = cosigned
    }

    /// The routes of reading; each answer is verified before it leaves.
    package var routes: [Route] {
        let tiles = (1...Self.tileElementsMax).map { count in
            let elements = (1...count).map { "/{element\($0)}" }.joined()
            return Route.get("/tile/{level}\(elements)") { request in try await tile(request) }
        }
        return tiles + [
            .get("/checkpoint") { _ in try checkpoint() },
            .get("/checkpoint/witnessed") { _ in try witnessedCheckpoint() },
            .get("/receipts/{index}") { request in try await receipt(request) },
            .get("/consistency/{old}/{new}") { request in try await consistency(request) },
            .get("/payloads/{index}") { request in try await payload(request) },
        ]
    }

    private func checkpoint() throws -> ServiceResponse {
        guard let newest = reader.published.view.newest else { throw Self.noCheckpoint }
        var note = newest.note
        note.signatures += cosigned.signatures(on: note.text)
        return Self.answer(note, newest.height)
    }

    /// The newest checkpoint that a witness cosigned; under load the newest one of all has moved on by then.
    private func witnessedCheckpoint() throws -> ServiceResponse {
        guard let (height, note) = cosigned.newestWitnessed else {
            throw HTTPProblem.notFound("no_checkpoint", "no witness has cosigned a checkpoint yet")
        }
        return Self.answer(note, height)
    }

    private static func answer(_ note: SignedNote, _ height: BlockHeight) -> ServiceResponse {
        .bytes(
            [UInt8](note.encoded().utf8), contentType: plainText,
            headers: [.cacheControl: shortCache, blockHeightField: height.description])
    }

    private func tile(_ request: ServiceRequest) async throws -> ServiceResponse {
        guard let path = TilePath(parsing: request.path.dropFirst()) else {
            throw HTTPProblem.notFound(
                "no_tile", "this is no path of a tile; see c2sp.org/tlog-tiles for how they are written")
        }
        guard let bytes = try await reader.resource(path) else {
            throw HTTPProblem.notFound(
                "no_tile", "the newest checkpoint does not call for this tile; fetch `/checkpoint` first")
        }
        return .bytes(
            bytes, contentType: "application/octet-stream", headers: [.cacheControl: Self.longCache])
    }

    private func receipt(_ request: ServiceRequest) async throws -> ServiceResponse {
        let index = try Self.number(request, "index")
        let height = try request.query("height").map { try Self.number($0, "height") }
        switch try await reader.receipt(index: index, at: height.map { BlockHeight($0) }) {
        case .receipt(let proof):
            return .bytes(
                [UInt8](proof.encoded().utf8), contentType: Self.plainText,
                headers: [.cacheControl: height == nil ? Self.shortCache : Self.longCache])
        case .notCovered: throw Self.notCovered
        case .noNote:
            throw height == nil
                ? Self.noCheckpoint
                : HTTPProblem.notFound(
                    "no_note", "no note of this height is stored here; ask for a later one or for none")
        }
    }

    /// One line of base64 a hash, as in C2SP `add-checkpoint`; no line where there is nothing to prove.
    private func consistency(_ request: ServiceRequest) async throws -> ServiceResponse {
        let (old, new) = (try Self.number(request, "old"), try Self.number(request, "new"))
        guard old <= new else {
            throw HTTPProblem.badRequest("invalid_sizes", "the first size is above the second; swap them")
        }
        guard let proof = try await reader.consistency(oldSize: old, newSize: new) else {
            throw Self.notCovered
        }
        return .bytes(
            [UInt8](proof.lines.utf8), contentType: Self.plainText,
            headers: [.cacheControl: Self.longCache])
    }

    private func payload(_ request: ServiceRequest) async throws -> ServiceResponse {
        switch try await reader.payload(index: try Self.number(request, "index")) {
        case .payload(let bytes):
            return .bytes(
                bytes, contentType: "application/octet-stream", headers: [.cacheControl: Self.longCache])
        case .isPrivate:
            throw HTTPProblem.notFound(
                "private_entry", "the ledger never had this entry's payload; ask who was told of the event")
        case .notCovered: throw Self.notCovered
        }
    }

    private static var noCheckpoint: HTTPProblem {
        .notFound("no_checkpoint", "no checkpoint has a quorum of cosignatures yet")
    }

    private static var notCovered: HTTPProblem {
        .notFound("not_covered", "the checkpoint does not reach that far; ask again when it does")
    }

    private static func number(_ request: ServiceRequest, _ name: String) throws -> UInt64 {
        try number(request.pathParameter(name), name)
    }

    /// One spelling a number, so that one resource has one URL.
    private static func number(_ text: String, _ name: String) throws -> UInt64 {
        guard let value = UInt64(text), String(value) == text, value <= UInt64(Int64.max) else {
            throw HTTPProblem.badRequest(
                "invalid_\(name)", "`\(name)` is a whole number without sign or leading zeros")
        }
        return value
    }
}
