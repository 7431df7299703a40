import Cryptography
import LedgerProtocol
import Model
import Tokens

/// Three hospitals, a clinician and a record system of each, and a patient, with the clients they use.
struct WalkCast: Sendable {
    /// A hospital with the system through which its clinician asks.
    struct Hospital: Sendable {
        let organization: Participant
        let system: Participant
        let practitioner: Participant
    }

    let genesis: Genesis
    let sponsor: NetworkFolder.Sponsor
    let identity: IdentityClient
    let consent: ConsentClient
    let records: RecordsClient
    let inbox: InboxClient
    /// The custodian, the hospital that the contract permits, and one that it does not.
    let hospitals: [Hospital]
    let patient: Participant

    init(genesis: Genesis, sponsor: NetworkFolder.Sponsor, bundle: WalkBundle) {
        self.genesis = genesis
        self.sponsor = sponsor
        let client = ServiceClient()
        identity = IdentityClient(genesis: genesis, client: client, clock: SystemClock.now)
        consent = ConsentClient(genesis: genesis, client: client, clock: SystemClock.now)
        records = RecordsClient(genesis: genesis, client: client)
        inbox = InboxClient(genesis: genesis, client: client)
        hospitals = zip(bundle.organizationNames, bundle.practitionerNames).map { name, practitioner in
            let organization = Participant(kind: .organization, name: name)
            return Hospital(
                organization: organization,
                system: Participant(
                    kind: .system, name: "Record system of \(name)", organization: organization.id),
                practitioner: Participant(
                    kind: .practitioner, name: practitioner, organization: organization.id))
        }
        patient = Participant(
            kind: .patient, name: bundle.patientName, organization: hospitals[0].organization.id)
    }

    var custodian: Hospital { hospitals[0] }
    var permitted: Hospital { hospitals[1] }
    var refused: Hospital { hospitals[2] }

    /// Enrols a hospital, its practitioner and its system, each vouched for as the network demands.
    func enrol(_ hospital: Hospital) async throws {
        let organization = hospital.organization
        try await identity.enrol(organization, sponsor: (id: sponsor.id, signer: sponsor.signer))
        let own = (id: organization.id, signer: try organization.requireSigner())
        try await identity.enrol(hospital.practitioner, sponsor: own)
        try await identity.enrol(hospital.system, sponsor: own)
    }

    /// Enrols the patient, whom the custodian vouches for.
    func enrolPatient() async throws {
        let first = custodian.organization
        try await identity.enrol(patient, sponsor: (id: first.id, signer: try first.requireSigner()))
    }

    /// Stores the Bundle at the custodian and returns how many resources were taken.
    func store(_ bundle: WalkBundle) async throws -> Int {
        let token = try await identity.token(of: custodian.system, for: .records)
        return try await records.store(bundle.bytes, of: patient.id, token: token)
    }

    /// Signs the contract that lets the second hospital read for treatment what the first one holds.
    func signConsent() async throws -> AcceptedContract {
        let document = WalkConsent.permittingTreatment(
            patient: patient, custodian: custodian.organization, recipient: permitted.organization)
        return try await consent.submit(document, of: patient)
    }

    /// The token in which a hospital's practitioner speaks to `consent`.
    func identityToken(of hospital: Hospital) async throws -> String {
        try await identity.token(of: hospital.practitioner, through: hospital.system, for: .consent)
    }

    /// Asks to treat the patient, as a hospital's practitioner.
    func requestTreatment(by hospital: Hospital, identityToken: String) async throws -> AccessAnswer {
        let details = RecordAccessDetails(
            patient: patient.id, custodian: custodian.organization.id, purposes: ["TREAT"],
            relationship: "referral")
        return try await consent.requestAccess(details, subjectToken: identityToken, system: hospital.system)
    }

    /// Asks to treat the patient, from the identity token on.
    func requestTreatment(by hospital: Hospital) async throws -> AccessAnswer {
        try await requestTreatment(by: hospital, identityToken: try await identityToken(of: hospital))
    }

    /// How long the permitted hospital waits from its request to the final decision.
    ///
    /// - Throws: `ClientFailure` when the access is refused.
    func measureAccess() async throws -> Duration {
        let token = try await identityToken(of: permitted)
        let start = ContinuousClock.now
        let answer = try await requestTreatment(by: permitted, identityToken: token)
        let duration = ContinuousClock.now - start
        guard case .granted = answer else {
            throw ClientFailure("an access was refused while the contract is in force")
        }
        return duration
    }
}
