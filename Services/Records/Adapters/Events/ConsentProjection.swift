import Cryptography
import Messaging
import Model
import Postgres
import RecordsCore
import Tokens

/// Keeps the views of contracts, revocations and decisions.
struct ConsentProjection: Sendable {
    let contracts: ContractTable
    let decisions: DecisionTable

    /// Applies one event of `consent.events`: a grant when it is final, a denial as soon as it is known, and
    /// a revocation both times, since a permit ends with the first and a denial with the second.
    func applyConsent(_ event: InboundEvent, in session: PostgresSession) throws {
        switch event.type {
        case .consentGranted: try grant(event, in: session)
        case .consentDenied: try deny(event, in: session)
        case .consentRevoked: try revoke(event, in: session)
        case .participantEnrolled, .accessDecided, .accessDisclosed, .accessRefused, .recordsStored: return
        }
    }

    /// Applies one event of `access.events` of `consent`.
    func applyAccess(_ event: InboundEvent, in session: PostgresSession) throws {
        guard event.type == .accessDecided, case .final(let index) = event.finality else { return }
        guard let effect = event.data["effect"]?.string else {
            throw MessagingFault(.invalidRecord, "a decision states no effect; run the version that wrote it")
        }
        // No token is issued for a denial, so none can name it here.
        guard effect == "permit" else { return }
        guard
            RecordedDecision(id: event.id, entryIndex: index, subject: event.subject, data: event.data) != nil
        else {
            throw MessagingFault(.invalidRecord, "a decision has another form; run the version that wrote it")
        }
        // Everybody locks the patient before the patient's key is made, so that nobody waits in a circle.
        try PatientTable.lockShared(event.subject, in: session)
        try decisions.insert(
            event.id, of: event.subject, index: index, at: event.time, data: event.data, in: session)
    }

    private func grant(_ event: InboundEvent, in session: PostgresSession) throws {
        guard event.finality.isFinal else { return }
        let (reference, document) = try signedContract(of: event)
        try PatientTable.lockShared(event.subject, in: session)
        try contracts.insert(reference, of: event.subject, document: document, isFinal: true, in: session)
    }

    /// Adds a contract that denies something when its event comes first, pending or final.
    ///
    /// INVARIANT: nothing that permits counts before it is final, whatever the type of its event says.
    private func deny(_ event: InboundEvent, in session: PostgresSession) throws {
        let (reference, document) = try signedContract(of: event)
        // INVARIANT: releases of this patient that run wait for this, or this waits for them; none passes.
        try PatientTable.lockAlone(event.subject, in: session)
        try contracts.insert(
            reference, of: event.subject, document: document, isFinal: event.finality.isFinal, in: session)
    }

    private func signedContract(
        of event: InboundEvent
    ) throws -> (reference: ContractReference, document: [UInt8]) {
        guard let contract = event.data["contract"]?.string.flatMap({ ContractID($0) }),
            let version = event.data["version"]?.string.flatMap({ Digest(hex: $0) }),
            let document = event.data["document"]?.string.flatMap({ Base64.decode($0) }),
            SHA256.hash(document) == version
        else {
            throw MessagingFault(
                .invalidRecord, "a contract's event and its signed bytes differ; ask `consent`")
        }
        return (ContractReference(id: contract, version: version), document)
    }

    private func revoke(_ event: InboundEvent, in session: PostgresSession) throws {
        guard let contract = event.data["contract"]?.string.flatMap({ ContractID($0) }) else {
            throw MessagingFault(.invalidRecord, "a revocation names no contract; ask `consent`")
        }
        // INVARIANT: releases of this patient that run wait for this, or this waits for them; none passes.
        try PatientTable.lockAlone(event.subject, in: session)
        try contracts.revoke(
            contract, of: event.subject, event: event.id, isFinal: event.finality.isFinal, in: session)
    }
}
