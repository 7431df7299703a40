import Cryptography
import HTTPTypes
import LedgerProtocol
import Messaging
import Model
import Postgres
import RecordsCore
import ServiceHost
import ServiceRuntime
import Tokens

/// Stores Bundles into the vault.
struct StoreHandler: Sendable {
    /// How long a request waits for the patient's enrolment to arrive.
    private static let patientWait: Duration = .milliseconds(3_000)
    private static let patientPoll: Duration = .milliseconds(50)

    let service: RecordsService
    let isFresh: @Sendable () -> Bool

    /// Answers `POST /fhir/Patient/{id}/$store`.
    func store(_ request: ServiceRequest) async throws -> ServiceResponse {
        let custodian = try custodian(of: request)
        try requireMediaType(request)
        guard let patient = ParticipantID(try request.pathParameter("id")) else { throw Self.unknownPatient }
        let bundle: SplitBundle
        do throws(BundleRefusal) {
            bundle = try SplitBundle(request.body, patient: patient)
        } catch {
            throw error.problem
        }
        try await requireEnrolled(patient)
        let command = StoreBundle(custodian: custodian, patient: patient, bundle: bundle)
        let placements = try await execute(command)
        return .fhir(.ok, command.response(for: placements))
    }

    /// Refuses strangers before their Bundle is read, so that it takes no memory.
    @Sendable func admit(_ request: ServiceRequest) throws(HTTPProblem) {
        _ = try custodian(of: request)
        try requireMediaType(request)
    }

    /// Records and their event are written in one transaction, so that neither is without the other.
    private func execute(_ command: StoreBundle) async throws -> [StoreBundle.Placement] {
        let now = service.host.clock()
        let resources = command.bundle.resources
        // Sixteen random bytes always make an id.
        let versions = resources.map { _ in RecordVersionID(Random.bytes(16))! }
        return try await service.host.pool.transaction { session in
            try PatientTable.lockAlone(command.patient, in: session)
            let key = try service.vault.findOrMakeKey(of: command.patient, in: session)
            let marks = resources.map { resource in
                key.key.authenticate(
                    PatientBinding.markedContent(
                        custodian: command.custodian, resource: resource.key,
                        content: command.bundle.bytes[resource.range]))
            }
            let current = try service.records.current(
                resources.map(\.key), of: command.patient, custodian: command.custodian, in: session)
            let placements = command.decide(current: current, marks: marks, versions: versions)
            try service.records.insert(
                placements.filter(\.isNew), of: command, key: key, at: now, in: session)
            let events = command.events(for: placements).map { data in
                NewEvent(
                    id: EntryID(Random.bytes(16))!, type: .recordsStored, subject: command.patient, data: data
                )
            }
            try service.host.eventStore.append(events, at: now, in: session)
            return placements
        }
    }

    /// The custodian is the organisation of the token; a practitioner's token stores nothing.
    private func custodian(of request: ServiceRequest) throws(HTTPProblem) -> ParticipantID {
        let token = try service.authenticator.authenticate(request)
        let custodian: ParticipantID? =
            switch token.subjectKind {
            case .organization: token.subject
            case .system: token.organization
            case .patient, .practitioner: nil
            }
        guard let custodian else {
            throw HTTPProblem.forbidden(
                "access_denied", "records are stored by an organisation or its system; use the token of one")
        }
        return custodian
    }

    private func requireMediaType(_ request: ServiceRequest) throws(HTTPProblem) {
        let value = try request.header(.contentType) ?? ""
        let type = value.prefix { $0 != ";" && $0 != " " }.lowercased()
        guard type == "application/fhir+json" || type == "application/json" else {
            throw .unsupportedMediaType(
                "unsupported_media_type", "send the Bundle as `application/fhir+json`")
        }
    }

    /// Waits for the enrolment, which may be on its way from `identity`.
    private func requireEnrolled(_ patient: ParticipantID) async throws {
        let deadline = ContinuousClock.now + Self.patientWait
        while true {
            let kind = try await service.host.pool.query { session in
                try ParticipantTable.kind(of: patient, in: session)
            }
            if let kind {
                guard kind == .patient else { throw Self.unknownPatient }
                return
            }
            guard ContinuousClock.now < deadline else { break }
            try await Task.sleep(for: Self.patientPoll)
        }
        guard isFresh() else {
            throw HTTPProblem.unavailable("not_yet", "the patient is not known here yet; try again")
        }
        throw Self.unknownPatient
    }

    private static let unknownPatient = HTTPProblem.unprocessable(
        "unknown_patient", "the path names no enrolled patient; enrol the patient first")
}
