extension ResourceTable {
    /// What was found, done, given and written.
    static let clinical: [String: ResourceTable] = [
        "AdverseEvent": ResourceTable(
            dates: [.at("date"), .at("detected"), .at("recordedDate")], authors: ["recorder", "contributor"],
            mainCodes: ["event"], codes: ["category"]),
        "AllergyIntolerance": ResourceTable(
            // onsetAge, onsetRange and onsetString give no date: then it is when it was recorded.
            dates: DateElement.atOrOver("onset") + [.at("recordedDate")], authors: ["recorder", "asserter"],
            mainCodes: ["code"], codes: ["reaction.substance", "reaction.manifestation"]),
        "Basic": ResourceTable(
            dates: [.at("created")], authors: ["author"], mainCodes: ["code"], related: ["subject"]),
        "BodyStructure": ResourceTable(codes: ["morphology", "location"]),
        "ClinicalImpression": ResourceTable(
            dates: DateElement.atOrOver("effective") + [.at("date")], authors: ["assessor"],
            codes: [
                "code", "investigation.code", "finding.itemCodeableConcept", "prognosisCodeableConcept",
            ], related: ["supportingInfo"]),
        "Communication": ResourceTable(
            dates: [.at("sent"), .at("received")], authors: ["sender"],
            codes: ["category", "topic", "reasonCode"], related: ["about", "partOf", "contentReference"]),
        "Composition": ResourceTable(
            dates: [.at("date")], authors: ["author", "attester.party", "section*.author"],
            mainCodes: ["type"], codes: ["category", "event.code", "section*.code"],
            related: ["detail", "entry", "focus", "subject"]),
        "Condition": ResourceTable(
            dates: DateElement.atOrOver("onset") + [.at("recordedDate")], authors: ["recorder", "asserter"],
            mainCodes: ["code"], codes: ["category", "evidence.code", "stage.summary"], related: ["detail"]),
        "DetectedIssue": ResourceTable(
            dates: DateElement.atOrOver("identified"), authors: ["author", "mitigation.author"],
            codes: ["code", "evidence.code", "mitigation.action"], related: ["detail", "implicated"]),
        "Device": ResourceTable(mainCodes: ["type"]),
        "DeviceUseStatement": ResourceTable(
            dates: DateElement.atOrOver("timing") + [.schedule("timingTiming"), .at("recordedOn")],
            authors: ["source"], codes: ["reasonCode"], codeReferences: ["device"]),
        "DiagnosticReport": ResourceTable(
            dates: DateElement.atOrOver("effective") + [.at("issued")],
            authors: ["performer", "resultsInterpreter"], mainCodes: ["code"],
            codes: ["category", "conclusionCode"]),
        "DocumentManifest": ResourceTable(
            dates: [.at("created")], authors: ["author"], mainCodes: ["type"], related: ["content", "ref"]),
        "DocumentReference": ResourceTable(
            dates: [.over("context.period"), .at("date")], authors: ["author", "authenticator"],
            mainCodes: ["type"], codes: ["category", "context.event", "context.practiceSetting"],
            related: ["related"]),
        "Encounter": ResourceTable(
            dates: [.over("period")], authors: ["participant.individual"], mainCodes: ["class", "type"],
            codes: ["serviceType", "reasonCode"], related: ["partOf"]),
        "EpisodeOfCare": ResourceTable(
            dates: [.over("period")], authors: ["careManager"], codes: ["type"]),
        "FamilyMemberHistory": ResourceTable(
            dates: [.at("date")], codes: ["condition.code", "reasonCode"]),
        "Flag": ResourceTable(
            dates: [.over("period")], authors: ["author"], mainCodes: ["code"], codes: ["category"]),
        "GuidanceResponse": ResourceTable(
            dates: [.at("occurrenceDateTime")], authors: ["performer"],
            codes: ["moduleCodeableConcept", "reasonCode"], related: ["result"]),
        "ImagingStudy": ResourceTable(
            dates: [.at("started")], authors: ["referrer", "interpreter", "series.performer.actor"],
            codes: ["modality", "series.modality", "procedureCode", "reasonCode"]),
        "Immunization": ResourceTable(
            // occurrenceString gives no date: then it is when it was recorded.
            dates: [.at("occurrenceDateTime"), .at("recorded")], authors: ["performer.actor"],
            mainCodes: ["vaccineCode"], codes: ["reasonCode", "protocolApplied.targetDisease"]),
        "ImmunizationEvaluation": ResourceTable(
            dates: [.at("date")], authors: ["authority"], mainCodes: ["targetDisease"]),
        "ImmunizationRecommendation": ResourceTable(
            dates: [.at("date")], authors: ["authority"],
            codes: ["recommendation.vaccineCode", "recommendation.targetDisease"],
            related: ["supportingPatientInformation"]),
        "List": ResourceTable(
            dates: [.at("date")], authors: ["source"], codes: ["code", "entry.flag"], related: ["item"]),
        "Media": ResourceTable(
            dates: DateElement.atOrOver("created") + [.at("issued")], authors: ["operator"],
            codes: ["type", "modality", "reasonCode"], related: ["partOf"]),
        "Medication": ResourceTable(
            mainCodes: ["code"], codes: ["ingredient.itemCodeableConcept"],
            codeReferences: ["ingredient.itemReference"]),
        "MedicationAdministration": ResourceTable(
            dates: DateElement.atOrOver("effective"), authors: ["performer.actor"],
            mainCodes: ["medicationCodeableConcept"], codes: ["category", "reasonCode"],
            codeReferences: ["medicationReference"], related: ["supportingInformation"]),
        "MedicationDispense": ResourceTable(
            dates: [.at("whenHandedOver"), .at("whenPrepared")],
            authors: ["performer.actor", "substitution.responsibleParty"],
            mainCodes: ["medicationCodeableConcept"], codes: ["category"],
            codeReferences: ["medicationReference"], related: ["supportingInformation"]),
        "MedicationStatement": ResourceTable(
            dates: DateElement.atOrOver("effective") + [.at("dateAsserted")], authors: ["informationSource"],
            mainCodes: ["medicationCodeableConcept"], codes: ["category", "reasonCode"],
            codeReferences: ["medicationReference"], related: ["derivedFrom"]),
        "MolecularSequence": ResourceTable(
            authors: ["performer"], codes: ["referenceSeq.referenceSeqId"]),
        "Observation": ResourceTable(
            dates: DateElement.atOrOver("effective") + [
                .at("effectiveInstant"), .schedule("effectiveTiming"), .at("issued"),
            ], authors: ["performer"], mainCodes: ["code"],
            codes: ["category", "valueCodeableConcept", "component.code", "component.valueCodeableConcept"],
            related: ["focus"]),
        "Procedure": ResourceTable(
            dates: DateElement.atOrOver("performed"), authors: ["performer.actor", "recorder", "asserter"],
            mainCodes: ["code"], codes: ["category", "reasonCode", "complication", "followUp", "usedCode"]),
        "Provenance": ResourceTable(
            dates: DateElement.atOrOver("occurred") + [.at("recorded")], authors: ["agent.who"],
            codes: ["activity", "reason"], related: ["target", "what"]),
        "QuestionnaireResponse": ResourceTable(
            // What was asked stands in the Questionnaire: without coded answers nothing can be told.
            dates: [.at("authored")], authors: ["author", "source"], mainCodes: ["item.**.valueCoding"],
            related: ["subject", "valueReference"]),
        "RiskAssessment": ResourceTable(
            dates: DateElement.atOrOver("occurrence"), authors: ["performer"],
            codes: ["code", "reasonCode", "prediction.outcome"], related: ["parent", "basis"]),
        "Specimen": ResourceTable(
            dates: DateElement.atOrOver("collection.collected") + [.at("receivedTime")],
            authors: ["collection.collector"], codes: ["type", "condition"]),
        "SupplyDelivery": ResourceTable(
            dates: DateElement.atOrOver("occurrence") + [.schedule("occurrenceTiming")],
            authors: ["supplier"], codes: ["type", "suppliedItem.itemCodeableConcept"],
            codeReferences: ["suppliedItem.itemReference"]),
    ]
}
