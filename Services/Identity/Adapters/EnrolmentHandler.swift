import Cryptography
import HTTPTypes
import IdentityCore
import LedgerProtocol
import Messaging
import Model
import Postgres
import ServiceHost
import ServiceRuntime
import Tokens

/// Enrols participants and tells how far an enrolment has come.
struct EnrolmentHandler: Sendable {
    /// How often a command is decided again after another request changed the same rows.
    private static let attemptMax = 3

    let host: ServiceHost
    let participants: ParticipantTable
    /// How long a request waits for finality; after that the client asks the status URL.
    let finalityWaitMilliseconds: Int

    /// Answers `POST /enrolments`.
    func enrol(_ request: ServiceRequest) async throws -> ServiceResponse {
        let body = try request.json()
        let command: EnrolParticipant
        do throws(EnrolmentRefusal) { command = try EnrolParticipant(body) } catch { throw error.problem }
        let (event, isNew) = try await execute(command)
        let finality = try await finality(of: event)
        let id = command.enrolment.participant.id
        let status: HTTPResponse.Status = finality.isFinal ? (isNew ? .created : .ok) : .accepted
        return .json(
            status, Self.body(id: id, event: event, finality: finality),
            headers: [.location: "/enrolments/\(id)"])
    }

    /// Answers `GET /enrolments/{id}`.
    func status(_ request: ServiceRequest) async throws -> ServiceResponse {
        guard let id = ParticipantID(try request.pathParameter("id")) else { throw Self.unknown }
        let found = try await host.pool.query { session -> (EntryID, EventFinality)? in
            guard let participant = try participants.find(id, in: session),
                let finality = try host.eventStore.finality(of: participant.event, in: session)
            else { return nil }
            return (participant.event, finality)
        }
        guard let (event, finality) = found else { throw Self.unknown }
        return .json(.ok, Self.body(id: id, event: event, finality: finality))
    }

    /// Waits for finality; when too many requests wait already, this one is answered as pending at once.
    private func finality(of event: EntryID) async throws -> EventFinality {
        do {
            return try await host.eventStore.waitUntilFinal(
                event, timeoutMilliseconds: finalityWaitMilliseconds)
        } catch let fault as MessagingFault where fault.code == .tooManyWaiters {
            return .pending
        }
    }

    /// The network as governance has made it by now.
    private var network: NetworkHistory { host.context.network.current }

    private func execute(_ command: EnrolParticipant) async throws -> (event: EntryID, isNew: Bool) {
        for _ in 1..<Self.attemptMax {
            do {
                return try await attempt(command)
            } catch let fault as PostgresFault where fault.isUniqueViolation {
                // Another request added the same id or key first; its row now decides.
                continue
            }
        }
        return try await attempt(command)
    }

    /// Decides and records the command in one transaction.
    private func attempt(_ command: EnrolParticipant) async throws -> (event: EntryID, isNew: Bool) {
        let now = host.clock()
        let mark = host.rootKey.authenticate(Self.markContext + command.enrolment.digest.bytes)
        // Sixteen random bytes always make an id.
        let newEvent = EntryID(Random.bytes(16))!
        return try await host.pool.transaction { session in
            let facts = try facts(for: command, mark: mark, in: session)
            let decision: EnrolmentDecision
            do throws(EnrolmentRefusal) { decision = try command.decide(facts, now: now) } catch {
                throw error.problem
            }
            switch decision {
            case .alreadyEnrolled(let event):
                return (event, false)
            case .enrol(let participant):
                try participants.insert(participant, mark: mark, event: newEvent, in: session)
                try host.eventStore.append(
                    id: newEvent, type: .participantEnrolled, subject: participant.id,
                    data: participant.eventData, at: now, in: session)
                return (newEvent, true)
            }
        }
    }

    private func facts(
        for command: EnrolParticipant, mark: Digest, in session: PostgresSession
    ) throws -> EnrolmentFacts {
        let participant = command.enrolment.participant
        let signingKey = participant.signingKey
        return EnrolmentFacts(
            networkID: host.genesis.networkID, sponsor: try sponsor(of: command, in: session),
            existing: try participants.find(participant.id, in: session), enrolmentMark: mark,
            isKeyTaken: try signingKey.map {
                try participants.isTaken($0, byOtherThan: participant.id, in: session)
            } ?? false,
            isFounderID: network.periods.contains { $0.state.organization(participant.id) != nil },
            authority: host.genesis.service(.consent)?.url)
    }

    private func sponsor(
        of command: EnrolParticipant, in session: PostgresSession
    ) throws -> EnrolmentFacts.Sponsor {
        if command.enrolment.participant.kind == .organization {
            return network.newest.organization(command.sponsor).map { .founder($0.key) } ?? .unknown
        }
        return try participants.find(command.sponsor, in: session).map { .participant($0) } ?? .unknown
    }

    private static let markContext = Array("consentry/identity/enrolment-mark/v1\n".utf8)

    private static var unknown: HTTPProblem {
        .notFound("unknown_enrolment", "there is no enrolment of this id; enrol the participant first")
    }

    private static func body(id: ParticipantID, event: EntryID, finality: EventFinality) -> JSONValue {
        var entry = [JSONMember(name: "id", value: .string(event.description))]
        if let index = finality.index {
            entry.append(JSONMember(name: "index", value: .number(JSONNumber(index))))
        }
        return [
            "id": .string(id.description), "entry": .object(entry),
            "status": finality.isFinal ? "final" : "pending",
        ]
    }
}
