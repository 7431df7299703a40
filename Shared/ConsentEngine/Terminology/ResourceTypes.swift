/// The resource types of FHIR R4.
package enum ResourceTypes {
    /// All types, in alphabetical order.
    package static let all: [String] = [
        "Account", "ActivityDefinition", "AdverseEvent", "AllergyIntolerance", "Appointment",
        "AppointmentResponse", "AuditEvent", "Basic", "Binary", "BiologicallyDerivedProduct",
        "BodyStructure", "Bundle", "CapabilityStatement", "CarePlan", "CareTeam", "CatalogEntry",
        "ChargeItem", "ChargeItemDefinition", "Claim", "ClaimResponse", "ClinicalImpression", "CodeSystem",
        "Communication", "CommunicationRequest", "CompartmentDefinition", "Composition", "ConceptMap",
        "Condition", "Consent", "Contract", "Coverage", "CoverageEligibilityRequest",
        "CoverageEligibilityResponse", "DetectedIssue", "Device", "DeviceDefinition", "DeviceMetric",
        "DeviceRequest", "DeviceUseStatement", "DiagnosticReport", "DocumentManifest", "DocumentReference",
        "EffectEvidenceSynthesis", "Encounter", "Endpoint", "EnrollmentRequest", "EnrollmentResponse",
        "EpisodeOfCare", "EventDefinition", "Evidence", "EvidenceVariable", "ExampleScenario",
        "ExplanationOfBenefit", "FamilyMemberHistory", "Flag", "Goal", "GraphDefinition", "Group",
        "GuidanceResponse", "HealthcareService", "ImagingStudy", "Immunization", "ImmunizationEvaluation",
        "ImmunizationRecommendation", "ImplementationGuide", "InsurancePlan", "Invoice", "Library",
        "Linkage", "List", "Location", "Measure", "MeasureReport", "Media", "Medication",
        "MedicationAdministration", "MedicationDispense", "MedicationKnowledge", "MedicationRequest",
        "MedicationStatement", "MedicinalProduct", "MedicinalProductAuthorization",
        "MedicinalProductContraindication", "MedicinalProductIndication", "MedicinalProductIngredient",
        "MedicinalProductInteraction", "MedicinalProductManufactured", "MedicinalProductPackaged",
        "MedicinalProductPharmaceutical", "MedicinalProductUndesirableEffect", "MessageDefinition",
        "MessageHeader", "MolecularSequence", "NamingSystem", "NutritionOrder", "Observation",
        "ObservationDefinition", "OperationDefinition", "OperationOutcome", "Organization",
        "OrganizationAffiliation", "Parameters", "Patient", "PaymentNotice", "PaymentReconciliation",
        "Person", "PlanDefinition", "Practitioner", "PractitionerRole", "Procedure", "Provenance",
        "Questionnaire", "QuestionnaireResponse", "RelatedPerson", "RequestGroup", "ResearchDefinition",
        "ResearchElementDefinition", "ResearchStudy", "ResearchSubject", "RiskAssessment",
        "RiskEvidenceSynthesis", "Schedule", "SearchParameter", "ServiceRequest", "Slot", "Specimen",
        "SpecimenDefinition", "StructureDefinition", "StructureMap", "Subscription", "Substance",
        "SubstanceNucleicAcid", "SubstancePolymer", "SubstanceProtein", "SubstanceReferenceInformation",
        "SubstanceSourceMaterial", "SubstanceSpecification", "SupplyDelivery", "SupplyRequest", "Task",
        "TerminologyCapabilities", "TestReport", "TestScript", "ValueSet", "VerificationResult",
        "VisionPrescription",
    ]

    /// The code system of the types.
    package static let system = "http://hl7.org/fhir/resource-types"

    /// All types, for membership.
    static let names = Set(all)

    /// Finds a type; nil for a name that FHIR R4 does not have.
    static func index(of type: String) -> UInt8? {
        var type = type
        return type.withUTF8 { index(of: $0) }
    }

    /// Finds a type by its UTF-8 form, without a string of it.
    static func index(of utf8: UnsafeBufferPointer<UInt8>) -> UInt8? {
        var slot = slot(of: utf8)
        while slots[slot] != emptySlot {
            let index = slots[slot]
            var name = all[Int(index)]
            if name.withUTF8({ isSame($0, utf8) }) { return index }
            slot = (slot + 1) % slots.count
        }
        return nil
    }

    private static func isSame(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard left.count == right.count else { return false }
        for place in 0..<left.count where left[place] != right[place] { return false }
        return true
    }

    private static let emptySlot: UInt8 = 0xFF
    /// The types by a hash of their bytes, the next free slot taken where two meet.
    private static let slots: [UInt8] = {
        var slots = [UInt8](repeating: emptySlot, count: 1_024)
        for (index, name) in all.enumerated() {
            var name = name
            var place = name.withUTF8 { slot(of: $0) }
            while slots[place] != emptySlot { place = (place + 1) % slots.count }
            slots[place] = UInt8(index)
        }
        return slots
    }()

    /// The length and four of the letters tell the types apart well enough.
    private static func slot(of utf8: UnsafeBufferPointer<UInt8>) -> Int {
        guard let first = utf8.first, let last = utf8.last else { return 0 }
        let middle = UInt32(utf8[utf8.count / 2]) << 8 | UInt32(utf8[utf8.count / 3])
        var hash = UInt32(first) << 24 | UInt32(last) << 16 | middle
        hash = (hash ^ UInt32(utf8.count)) &* 0x9E37_79B1
        return Int(hash >> 22)
    }

    /// Tells whether FHIR R4 has a type.
    package static func contains(_ type: String) -> Bool { index(of: type) != nil }
}
