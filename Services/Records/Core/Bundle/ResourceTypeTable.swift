/// What the vault does with the resource types of FHIR R4; a type that is not listed is refused.
package enum ResourceTypeTable {
    /// What becomes of a resource in a Bundle.
    package enum Handling: Hashable, Sendable {
        /// A part of the patient's record: stored.
        case stored
        /// Describes who and where, not the patient: passed over.
        case directory
        /// A consent contract, which belongs to `consent`: passed over.
        case contract
    }

    /// The handling of a type; nil for a type that the vault does not know.
    package static func handling(of type: String) -> Handling? {
        if clinical.contains(type) || administrative.contains(type) { return .stored }
        if directory.contains(type) { return .directory }
        return type == "Consent" ? .contract : nil
    }

    /// SPEC FHIR R4 patient compartment: what is known about the person's health and care.
    private static let clinical: Set<String> = [
        "AdverseEvent", "AllergyIntolerance", "Basic", "BodyStructure", "CarePlan", "CareTeam",
        "ClinicalImpression",
        "Communication", "CommunicationRequest", "Composition", "Condition", "DetectedIssue", "Device",
        "DeviceRequest", "DeviceUseStatement", "DiagnosticReport", "DocumentManifest", "DocumentReference",
        "Encounter", "EpisodeOfCare", "FamilyMemberHistory", "Flag", "Goal", "GuidanceResponse",
        "ImagingStudy",
        "Immunization", "ImmunizationEvaluation", "ImmunizationRecommendation", "List", "Media", "Medication",
        "MedicationAdministration", "MedicationDispense", "MedicationRequest", "MedicationStatement",
        "MolecularSequence", "NutritionOrder", "Observation", "Procedure", "Provenance",
        "QuestionnaireResponse",
        "RequestGroup", "RiskAssessment", "ServiceRequest", "Specimen", "SupplyDelivery", "SupplyRequest",
        "Task",
        "VisionPrescription",
    ]

    /// Billing, coverage and appointments of the person.
    private static let administrative: Set<String> = [
        "Account", "ChargeItem", "Claim", "ClaimResponse", "Coverage", "CoverageEligibilityRequest",
        "CoverageEligibilityResponse", "EnrollmentRequest", "ExplanationOfBenefit", "Invoice",
        "RelatedPerson",
    ]

    /// Entries of directories, which every reader of the vault has from elsewhere.
    private static let directory: Set<String> = [
        "Endpoint", "HealthcareService", "Location", "Organization", "OrganizationAffiliation", "Patient",
        "Practitioner", "PractitionerRole",
    ]

    /// The members by which resources of the stored types name their patient.
    package static let patientMembers = ["subject", "patient", "beneficiary", "for", "candidate"]
}
