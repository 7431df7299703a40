import Model

/// The FHIR R4 Consent that the patient of the walk signs (IHE PCF 1.1, consentBasic with an actor).
enum WalkConsent {
    /// A contract that lets one organisation read for treatment what another one holds.
    static func permittingTreatment(
        patient: Participant, custodian: Participant, recipient: Participant
    ) -> JSONValue {
        let policy = "https://profiles.ihe.net/ITI/PCF/Policy-basic-normal"
        return [
            "resourceType": "Consent",
            "status": "active",
            "scope": coded("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
            "category": [coded("http://loinc.org", "59284-0")],
            "patient": ["reference": .string(patient.reference)],
            "dateTime": .string(String(SystemClock.now().description.prefix(10))),
            "performer": [["reference": .string(patient.reference)]],
            "organization": [["reference": .string(custodian.reference)]],
            "policy": [["uri": .string(policy)]],
            "provision": [
                "type": "permit",
                "actor": [
                    [
                        "role": coded("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"),
                        "reference": ["reference": .string(recipient.reference)],
                    ]
                ],
                "purpose": [
                    ["system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"]
                ],
            ],
        ]
    }

    private static func coded(_ system: String, _ code: String) -> JSONValue {
        ["coding": [["system": .string(system), "code": .string(code)]]]
    }
}
