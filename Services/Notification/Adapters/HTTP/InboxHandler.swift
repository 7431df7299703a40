import Cryptography
import HTTPTypes
import LedgerProtocol
import Model
import NotificationCore
import Postgres
import ServiceHost
import ServiceRuntime
import Synchronization
import Tokens

/// Shows patients their notices; whose inbox it is follows from the token alone.
final class InboxHandler: Sendable {
    /// Requests that may wait at once on one replica; more are answered at once, as if they had not
    /// asked to wait.
    static let waitingCountMax = 64
    /// How often a waiting request looks again.
    private static let lookInterval: Duration = .milliseconds(250)
    /// The time that the route may take: the longest wait and an answer.
    static let timeoutMilliseconds = (InboxQuery.waitSecondsMax + 10) * 1_000

    private let pool: PostgresPool
    private let participants: ParticipantTable
    private let notices: NoticeTable
    private let authenticator: IdentityTokenAuthenticator
    private let waitingCount = Mutex(0)

    init(
        pool: PostgresPool, participants: ParticipantTable, notices: NoticeTable,
        authenticator: IdentityTokenAuthenticator
    ) {
        self.pool = pool
        self.participants = participants
        self.notices = notices
        self.authenticator = authenticator
    }

    /// Answers `GET /inbox`.
    @Sendable func list(_ request: ServiceRequest) async throws -> ServiceResponse {
        let patient = try patient(of: request)
        let query = try query(of: request)
        let page = try await page(of: patient, query)
        return .json(
            .ok,
            [
                "notices": .array(page.map(\.json)),
                "next": .string(String(page.last?.number ?? query.after)),
            ])
    }

    /// Answers `GET /inbox/{id}`, by which a pending notice is looked at again for its receipt.
    @Sendable func show(_ request: ServiceRequest) async throws -> ServiceResponse {
        let patient = try patient(of: request)
        let (participants, notices) = (participants, notices)
        guard let event = EntryID(try request.pathParameter("id")) else { throw Self.unknown }
        let shown = try await pool.query { session in
            let found = try notices.find(event, of: patient, in: session)
            return try ShownNotice.list(found.map { [$0] } ?? [], of: patient, participants, in: session)
                .first
        }
        guard let shown else { throw Self.unknown }
        return .json(.ok, shown.json)
    }

    private func patient(of request: ServiceRequest) throws(HTTPProblem) -> ParticipantID {
        let token = try authenticator.authenticate(request, as: .patient)
        guard token.actor == nil else {
            throw .forbidden(
                "access_denied", "an inbox opens to its patient alone; use a token without an actor")
        }
        return token.subject
    }

    private func query(of request: ServiceRequest) throws(HTTPProblem) -> InboxQuery {
        guard request.queryNames.allSatisfy(InboxQuery.parameterNames.contains) else {
            throw .badRequest(
                "invalid_request", "the query may have after, limit and wait only; leave the rest out")
        }
        let after = try request.query("after")
        let limit = try request.query("limit")
        let wait = try request.query("wait")
        do throws(InboxQueryRefusal) {
            return try InboxQuery(after: after, limit: limit, wait: wait)
        } catch {
            throw .badRequest("invalid_request", error.description)
        }
    }

    /// Reads the page, again and again while it is empty and the request may wait.
    private func page(of patient: ParticipantID, _ query: InboxQuery) async throws -> [ShownNotice] {
        let deadline = ContinuousClock.now + .seconds(query.waitSeconds)
        let first = try await read(patient, query)
        guard first.isEmpty, query.waitSeconds > 0, beginWaiting() else { return first }
        defer { waitingCount.withLock { $0 -= 1 } }
        while ContinuousClock.now < deadline {
            try await Task.sleep(for: Self.lookInterval)
            let page = try await read(patient, query)
            if !page.isEmpty { return page }
        }
        return []
    }

    private func beginWaiting() -> Bool {
        waitingCount.withLock { count in
            guard count < Self.waitingCountMax else { return false }
            count += 1
            return true
        }
    }

    private func read(_ patient: ParticipantID, _ query: InboxQuery) async throws -> [ShownNotice] {
        let (participants, notices) = (participants, notices)
        return try await pool.query { session in
            let page = try notices.page(of: patient, query, in: session)
            return try ShownNotice.list(page, of: patient, participants, in: session)
        }
    }

    private static var unknown: HTTPProblem {
        .notFound("unknown_notice", "there is no notice of this id in this inbox; list the inbox")
    }
}

/// A notice in the form that a patient sees.
struct ShownNotice: Sendable {
    let number: Int64
    let json: JSONValue

    /// Puts notices into words with the names that are known now, so that a name which came after an
    /// event is in them.
    static func list(
        _ stored: [StoredNotice], of patient: ParticipantID, _ participants: ParticipantTable,
        in session: PostgresSession
    ) throws -> [ShownNotice] {
        let read = try stored.map { stored in
            let event = try JSONValue(parsing: stored.disclosure)
            let payload = try EventPayload(event["payload"] ?? .null)
            return (
                stored, event,
                Notice(kind: stored.kind, patient: patient, time: payload.time, data: payload.data)
            )
        }
        let ids = read.reduce(into: Set<ParticipantID>()) { $0.formUnion($1.2.participants) }
        let names = try participants.find(ids, in: session)
        return read.map { stored, event, notice in
            ShownNotice(
                number: stored.number,
                json: [
                    "id": .string(stored.event.description), "type": .string(stored.kind.rawValue),
                    "time": .string(stored.time.description),
                    "summary": .string(notice.summary(names: names)),
                    "event": event, "receipt": stored.receipt.map { .string($0) } ?? .null,
                ])
        }
    }
}
