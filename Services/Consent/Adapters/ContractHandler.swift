import ConsentCore
import Cryptography
import HTTPTypes
import LedgerProtocol
import Messaging
import Model
import Postgres
import ServiceHost
import ServiceRuntime
import Tokens

/// Makes, revokes and shows contracts.
struct ContractHandler: Sendable {
    let service: ConsentService
    let authenticator: IdentityTokenAuthenticator
    let contracts: ContractTable

    private var host: ServiceHost { service.host }

    /// Answers `POST /fhir/Consent`.
    func submit(_ request: ServiceRequest) async throws -> ServiceResponse {
        try await refusing {
            let message = try message(request)
            let command = SubmitConsent(
                message: message, contractID: randomIdentifier(),
                registry: contracts.registry)
            try await authenticate(message)
            let (used, isNew) = try await ViewPatience.following { try await attempt(command) }
            let contract = try await found(used.contract, number: used.number)
            let finality = try await service.finality(of: contract.event)
            guard finality.isFinal else { return ContractAnswers.pending(contract) }
            return ContractAnswers.version(contract, finality: finality, status: isNew ? .created : .ok)
        }
    }

    /// Answers `PUT /fhir/Consent/{id}`: a revocation, which holds from the moment of its commit.
    func revoke(_ request: ServiceRequest) async throws -> ServiceResponse {
        try await refusing {
            let message = try message(request)
            guard let id = ContractID(try request.pathParameter("id")) else {
                throw ConsentRefusal.unknownContract
            }
            let command = try RevokeConsent(
                message: message, contractID: id, expectedTag: try request.header(.ifMatch))
            try await authenticate(message)
            let used = try await ViewPatience.following { try await attempt(command) }
            let contract = try await found(id, number: used.number)
            let finality = try await host.pool.query { session in
                try host.eventStore.finality(of: contract.event, in: session)
            }
            return ContractAnswers.version(contract, finality: finality ?? .pending, status: .ok)
        }
    }

    /// Answers `GET /fhir/Consent/{id}` and `GET /fhir/Consent/{id}/_history/{number}`.
    func read(_ request: ServiceRequest) async throws -> ServiceResponse {
        let (contract, finality) = try await own(request)
        return ContractAnswers.version(contract, finality: finality, status: .ok)
    }

    /// Answers `GET /contracts/{id}`.
    func status(_ request: ServiceRequest) async throws -> ServiceResponse {
        let (contract, finality) = try await own(request)
        return ContractAnswers.status(contract, finality: finality)
    }

    private func message(_ request: ServiceRequest) throws -> SignedConsent {
        // Refuses other media types, and says where a body stops being JSON.
        _ = try request.json()
        return try SignedConsent(
            nonce: try request.header("Consentry-Nonce"),
            signature: try request.header("Consentry-Signature"),
            body: request.body)
    }

    /// Refuses a message that the patient did not sign, before anything is locked.
    ///
    /// INVARIANT: whoever cannot sign for a patient holds up nobody who waits for the patient's row.
    private func authenticate(_ message: SignedConsent) async throws {
        do {
            try await ViewPatience.following {
                let patient = try await host.pool.query { session in
                    try ParticipantView.find([message.patient], in: session)[message.patient]
                }
                try message.verify(
                    patient: patient, authority: service.authority.issuer, networkID: host.genesis.networkID)
            }
        } catch ConsentRefusal.notSignedByPatient {
            // Answered no sooner than for an unknown patient, so that the time tells nothing either.
            try await Task.sleep(for: ViewPatience.whole)
            throw ConsentRefusal.notSignedByPatient
        }
    }

    private func attempt(_ command: SubmitConsent) async throws -> (used: UsedNonce, isNew: Bool) {
        let event: EntryID = randomIdentifier()
        let message = command.message
        return try await host.pool.transaction { session in
            let patient = try ParticipantView.lock(message.patient, in: session)
            let now = host.clock()
            let decision = try command.decide(
                SubmissionFacts(
                    networkID: host.genesis.networkID, authority: service.authority.issuer, patient: patient,
                    usedNonce: try contracts.usedNonce(message.nonce, of: message.patient, in: session),
                    participants: try ParticipantView.find(command.referencedParticipants, in: session),
                    standingContractCount: try contracts.standingCount(
                        of: message.patient, at: command.custodians, in: session)))
            switch decision {
            case .repeated(let used):
                return (used, false)
            case .made(let made):
                try contracts.insert(
                    made, custodians: command.custodians, event: event, at: now, in: session)
                try host.eventStore.append(
                    id: event, type: made.eventType, subject: message.patient, data: made.data, at: now,
                    in: session)
                return (UsedNonce(version: message.version, contract: made.contract, number: 1), true)
            }
        }
    }

    private func attempt(_ command: RevokeConsent) async throws -> UsedNonce {
        let event: EntryID = randomIdentifier()
        let message = command.message
        return try await host.pool.transaction { session in
            let patient = try ParticipantView.lock(message.patient, in: session)
            let now = host.clock()
            let decision = try command.decide(
                RevocationFacts(
                    networkID: host.genesis.networkID, authority: service.authority.issuer, patient: patient,
                    usedNonce: try contracts.usedNonce(message.nonce, of: message.patient, in: session),
                    contract: try contracts.find(command.contractID, in: session)),
                now: now)
            switch decision {
            case .repeated(let used):
                return used
            case .revoked(let revoked):
                try contracts.insert(revoked, event: event, at: now, in: session)
                try host.eventStore.append(
                    id: event, type: .consentRevoked, subject: message.patient, data: revoked.data, at: now,
                    in: session)
                return UsedNonce(
                    version: message.version, contract: revoked.contract, number: revoked.number)
            }
        }
    }

    private func found(_ id: ContractID, number: Int) async throws -> ContractState {
        let contract = try await host.pool.query { session in
            try contracts.find(id, number: number, in: session)
        }
        guard let contract else { throw UnreadableRow.fault("contract_version") }
        return contract
    }

    /// Finds the contract of the path for the patient of the token; everybody else's looks like none at all.
    private func own(_ request: ServiceRequest) async throws -> (ContractState, EventFinality) {
        let token = try authenticator.authenticate(request, as: .patient)
        let id = ContractID(try request.pathParameter("id"))
        let number = try versionNumber(request)
        let found = try await host.pool.query { session -> (ContractState, EventFinality)? in
            guard let id, let number,
                let contract = try contracts.find(id, number: number.value, in: session),
                contract.patient == token.subject
            else { return nil }
            return (contract, try host.eventStore.finality(of: contract.event, in: session) ?? .pending)
        }
        guard let found else { throw ConsentRefusal.unknownContract.problem }
        return found
    }

    /// The version that a history path names, without a value on other paths; nil when it is no number.
    private func versionNumber(_ request: ServiceRequest) throws -> (value: Int?, Void)? {
        guard request.path.contains("/_history/") else { return (nil, ()) }
        let text = try request.pathParameter("number")
        // A version has one name: `1`, and not `01` or `+1`.
        guard let number = Int(text), number > 0, String(number) == text else { return nil }
        return (number, ())
    }

    private func refusing(
        _ body: () async throws -> ServiceResponse
    ) async throws -> ServiceResponse {
        do { return try await body() } catch let refusal as ConsentRefusal { throw refusal.problem }
    }
}

/// Makes a random identifier of any kind.
func randomIdentifier<Kind>() -> Identifier<Kind> {
    guard let id = Identifier<Kind>(Random.bytes(16)) else {
        preconditionFailure("16 bytes make an identifier")
    }
    return id
}
