extension ResourceTable {
    /// What is planned and asked for.
    static let requests: [String: ResourceTable] = [
        "CarePlan": ResourceTable(
            dates: [.over("period"), .at("created")], authors: ["author", "contributor"],
            codes: [
                "category", "activity.outcomeCodeableConcept", "activity.detail.code",
                "activity.detail.reasonCode", "activity.detail.productCodeableConcept",
            ], codeReferences: ["activity.detail.productReference"],
            related: ["partOf", "replaces", "supportingInfo", "outcomeReference"]),
        "CareTeam": ResourceTable(dates: [.over("period")], codes: ["category", "reasonCode"]),
        "CommunicationRequest": ResourceTable(
            dates: [.at("authoredOn")] + DateElement.atOrOver("occurrence"), authors: ["requester"],
            codes: ["category", "reasonCode"], related: ["about", "contentReference"]),
        "DeviceRequest": ResourceTable(
            dates: [.at("authoredOn")] + DateElement.atOrOver("occurrence"), authors: ["requester"],
            mainCodes: ["codeCodeableConcept"], codes: ["reasonCode"], codeReferences: ["codeReference"],
            related: ["supportingInfo", "priorRequest"]),
        "Goal": ResourceTable(
            // statusDate is when its state changed, not when it held.
            dates: [.at("startDate")], authors: ["expressedBy"], mainCodes: ["description"],
            codes: [
                "category", "outcomeCode", "startCodeableConcept", "target.measure",
                "target.detailCodeableConcept",
            ]),
        "MedicationRequest": ResourceTable(
            dates: [.at("authoredOn")], authors: ["requester", "recorder", "reportedReference"],
            mainCodes: ["medicationCodeableConcept"], codes: ["category", "reasonCode"],
            codeReferences: ["medicationReference"], related: ["supportingInformation"]),
        "NutritionOrder": ResourceTable(
            dates: [.at("dateTime")], authors: ["orderer"],
            codes: ["oralDiet.type", "supplement.type", "enteralFormula.baseFormulaType"]),
        "RequestGroup": ResourceTable(
            dates: [.at("authoredOn")], authors: ["author"], codes: ["code", "reasonCode", "action*.code"],
            related: ["replaces", "resource"]),
        "ServiceRequest": ResourceTable(
            dates: [.at("authoredOn")] + DateElement.atOrOver("occurrence") + [.schedule("occurrenceTiming")],
            authors: ["requester"], mainCodes: ["code"], codes: ["category", "orderDetail", "reasonCode"],
            related: ["supportingInfo"]),
        "SupplyRequest": ResourceTable(
            dates: [.at("authoredOn")] + DateElement.atOrOver("occurrence"), authors: ["requester"],
            mainCodes: ["itemCodeableConcept"], codes: ["category", "reasonCode"],
            codeReferences: ["itemReference"]),
        "Task": ResourceTable(
            dates: [.at("authoredOn"), .over("executionPeriod")], authors: ["requester", "owner"],
            codes: ["code", "reasonCode", "input.valueCodeableConcept", "output.valueCodeableConcept"],
            related: ["focus", "for", "reasonReference", "valueReference"]),
        "VisionPrescription": ResourceTable(
            dates: [.at("dateWritten"), .at("created")], authors: ["prescriber"],
            codes: ["lensSpecification.product"]),
    ]

    /// Billing and coverage.
    static let administrative: [String: ResourceTable] = [
        "Account": ResourceTable(dates: [.over("servicePeriod")], authors: ["owner"], codes: ["type"]),
        "ChargeItem": ResourceTable(
            dates: DateElement.atOrOver("occurrence") + [.schedule("occurrenceTiming"), .at("enteredDate")],
            authors: ["enterer", "performer.actor", "performingOrganization", "requestingOrganization"],
            mainCodes: ["code"], codes: ["reason", "productCodeableConcept"],
            codeReferences: ["productReference"], related: ["supportingInformation"]),
        "Claim": ResourceTable(
            dates: [.over("billablePeriod"), .at("created")],
            authors: ["enterer", "provider", "careTeam.provider"], codes: billed,
            codeReferences: billedReferences, related: ["valueReference"]),
        "ClaimResponse": ResourceTable(
            dates: [.at("created")], authors: ["insurer", "requestor"],
            codes: [
                "type", "subType", "addItem.productOrService", "addItem.detail.productOrService",
                "addItem.detail.subDetail.productOrService",
            ]),
        "Coverage": ResourceTable(dates: [.over("period")], codes: ["type"]),
        "CoverageEligibilityRequest": ResourceTable(
            dates: [.at("servicedDate"), .over("servicedPeriod"), .at("created")],
            authors: ["enterer", "provider"],
            codes: ["item.category", "item.productOrService", "item.diagnosis.diagnosisCodeableConcept"],
            codeReferences: ["item.diagnosis.diagnosisReference"], related: ["detail", "information"]),
        "CoverageEligibilityResponse": ResourceTable(
            dates: [.at("servicedDate"), .over("servicedPeriod"), .at("created")],
            authors: ["insurer", "requestor"],
            codes: ["insurance.item.category", "insurance.item.productOrService"]),
        "EnrollmentRequest": ResourceTable(dates: [.at("created")], authors: ["provider"]),
        "ExplanationOfBenefit": ResourceTable(
            dates: [.over("billablePeriod"), .at("created")],
            authors: ["insurer", "enterer", "provider", "careTeam.provider"],
            codes: billed + [
                "addItem.productOrService", "addItem.detail.productOrService",
                "addItem.detail.subDetail.productOrService",
            ], codeReferences: billedReferences,
            related: ["valueReference"]),
        "Invoice": ResourceTable(
            dates: [.at("date")], authors: ["issuer", "participant.actor"],
            codes: ["type", "lineItem.chargeItemCodeableConcept"],
            codeReferences: ["lineItem.chargeItemReference"]),
        "RelatedPerson": ResourceTable(dates: [.over("period")], codes: ["relationship"]),
    ]

    private static let billed = [
        "type", "subType", "supportingInfo.code", "supportingInfo.reason",
        "diagnosis.diagnosisCodeableConcept", "procedure.procedureCodeableConcept",
        "item.productOrService", "item.detail.productOrService", "item.detail.subDetail.productOrService",
    ]

    private static let billedReferences = ["diagnosis.diagnosisReference", "procedure.procedureReference"]

    /// Who and where: nothing that was done to the person, hence no clinical date and no author.
    static let directory: [String: ResourceTable] = [
        "Endpoint": ResourceTable(), "HealthcareService": ResourceTable(codes: ["category", "type"]),
        "Location": ResourceTable(codes: ["type"]), "Organization": ResourceTable(codes: ["type"]),
        "OrganizationAffiliation": ResourceTable(codes: ["code"]), "Patient": ResourceTable(),
        "Practitioner": ResourceTable(codes: ["qualification.code"]),
        "PractitionerRole": ResourceTable(codes: ["code", "specialty"]),
    ]
}
