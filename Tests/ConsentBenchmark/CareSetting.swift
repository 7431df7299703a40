import ConsentEngine

/// The persons, organisations, dates and codes around one patient, from which contracts, requests and
/// resources draw.
struct CareSetting {
    let patient: String
    /// Another identity of the same patient; some contracts are about it.
    let linkedPatient: String
    /// The hospital that holds the records, then the organisation above it.
    let custodian: [String]
    /// An organisation that holds none of them.
    let otherCustodian: String
    let practitioners: [String]
    /// What the practitioners act for, each with those above it.
    let employers: [[String]]
    let teams: [String]
    let encounters: [String]
    let resourceIDs: [String]
    let types: [String]
    let codes: [Coding]
    let sensitivities: [SensitivityCode]
    let purposes: [PurposeCode]
    /// Beginnings of periods and clinical dates, in milliseconds since 1970.
    let instants: [Int64]

    /// The time of every request: 2026-11-26T10:00:00Z.
    static let now: Int64 = 1_795_687_200_000
    static let dayMilliseconds: Int64 = 86_400_000

    private static let loinc = "http://loinc.org"
    private static let snomed = "http://snomed.info/sct"

    /// A patient such as a network has a million of: every reference is a UUID of its own.
    init(ofPopulation random: inout SeededRandom) {
        patient = "Patient/\(random.uuid())"
        linkedPatient = "Patient/\(random.uuid())"
        custodian = (0..<2).map { _ in "Organization/\(random.uuid())" }
        otherCustodian = "Organization/\(random.uuid())"
        practitioners = (0..<4).map { _ in "Practitioner/\(random.uuid())" }
        let network = "Organization/\(random.uuid())"
        employers = [custodian, ["Organization/\(random.uuid())", network]]
        teams = ["CareTeam/\(random.uuid())"]
        encounters = (0..<3).map { _ in "Encounter/\(random.uuid())" }
        resourceIDs = (0..<4).map { _ in random.uuid() }
        types = [
            "Observation", "Observation", "Condition", "MedicationRequest", "Procedure", "DiagnosticReport",
            "Immunization", "Encounter",
        ]
        codes =
            ["8480-6", "4548-4", "55233-1", "2339-0"].compactMap { Coding(system: Self.loinc, code: $0) }
            + ["44054006", "86406008", "73211009"].compactMap { Coding(system: Self.snomed, code: $0) }
        sensitivities = Self.sensitivities("HIV", "SUD", "ETHUD", "MH", "SEX", "GDIS")
        purposes = Self.purposes("TREAT", "ETREAT", "COC", "HPAYMT", "HRESCH", "BTG")
        instants = (0..<6).map { _ in Self.now - Int64(random.below(3_650)) * Self.dayMilliseconds }
    }

    /// A patient with few of everything, so that what is generated meets.
    static let narrow = CareSetting(
        patient: "Patient/p", linkedPatient: "Patient/q", custodian: ["Organization/o", "Organization/n"],
        otherCustodian: "Organization/z", practitioners: ["Practitioner/d", "Practitioner/e"],
        employers: [["Organization/w", "Organization/v"], ["Organization/o", "Organization/n"]],
        teams: ["Group/g", "CareTeam/t"], encounters: ["Encounter/1", "Encounter/2"],
        resourceIDs: ["1", "2"], types: ["Observation", "Condition", "Encounter"],
        codes: ["1", "2"].compactMap { Coding(system: loinc, code: $0) },
        sensitivities: sensitivities("HIV", "SUD", "ETHUD", "PSY"),
        purposes: purposes("TREAT", "ETREAT", "BTG", "HRESCH", "CLINTRCH", "HPAYMT")
            + [PurposeCode(system: "http://example.org/purposes", code: "audit")].compactMap { $0 },
        instants: (1...4).map { now - $0 * 100 * dayMilliseconds })

    private init(
        patient: String, linkedPatient: String, custodian: [String], otherCustodian: String,
        practitioners: [String], employers: [[String]], teams: [String], encounters: [String],
        resourceIDs: [String], types: [String], codes: [Coding], sensitivities: [SensitivityCode],
        purposes: [PurposeCode], instants: [Int64]
    ) {
        self.patient = patient
        self.linkedPatient = linkedPatient
        self.custodian = custodian
        self.otherCustodian = otherCustodian
        self.practitioners = practitioners
        self.employers = employers
        self.teams = teams
        self.encounters = encounters
        self.resourceIDs = resourceIDs
        self.types = types
        self.codes = codes
        self.sensitivities = sensitivities
        self.purposes = purposes
        self.instants = instants
    }

    private static func sensitivities(_ codes: String...) -> [SensitivityCode] {
        codes.compactMap { SensitivityCode(code: $0) }
    }

    private static func purposes(_ codes: String...) -> [PurposeCode] {
        codes.compactMap { PurposeCode(code: $0) }
    }
}
