// Written by deploy/terminology/purpose_of_use.py from HL7's v3-ActReason; do not edit by hand.

/// The concepts below PurposeOfUse in v3-ActReason.
enum PurposeOfUse {
    /// The version of the CodeSystem that the table was made from.
    static let version = "2018-08-12"

    /// One concept: its code, its display and the index of the concept that it is a kind of.
    struct Concept: Sendable {
        let code: String
        let display: String
        let parent: UInt8?

        init(_ code: String, _ display: String, _ parent: UInt8? = nil) {
            self.code = code
            self.display = display
            self.parent = parent
        }
    }

    /// The concepts, each after the one that it is a kind of.
    static let concepts: [Concept] = [
        Concept("HMARKT", "healthcare marketing"),
        Concept("HOPERAT", "healthcare operations"),
        Concept("CAREMGT", "care management", 1),
        Concept("DONAT", "donation", 1),
        Concept("FRAUD", "fraud", 1),
        Concept("GOV", "government", 1),
        Concept("HACCRED", "health accreditation", 1),
        Concept("HCOMPL", "health compliance", 1),
        Concept("HDECD", "decedent", 1),
        Concept("HDIRECT", "directory", 1),
        Concept("HDM", "healthcare delivery management", 1),
        Concept("HLEGAL", "legal", 1),
        Concept("HOUTCOMS", "health outcome measure", 1),
        Concept("HPRGRP", "health program reporting", 1),
        Concept("HQUALIMP", "health quality improvement", 1),
        Concept("HSYSADMIN", "health system administration", 1),
        Concept("LABELING", "labeling", 15),
        Concept("METAMGT", "metadata management", 15),
        Concept("MEMADMIN", "member administration", 1),
        Concept("MILCDM", "military command", 1),
        Concept("PATADMIN", "patient administration", 1),
        Concept("PATSFTY", "patient safety", 1),
        Concept("PERFMSR", "performance measure", 1),
        Concept("RECORDMGT", "records management", 1),
        Concept("SYSDEV", "system development", 1),
        Concept("HTEST", "test health data", 24),
        Concept("TRAIN", "training", 1),
        Concept("HPAYMT", "healthcare payment"),
        Concept("CLMATTCH", "claim attachment", 27),
        Concept("COVAUTH", "coverage authorization", 27),
        Concept("COVERAGE", "coverage under policy or program", 27),
        Concept("ELIGDTRM", "eligibility determination", 30),
        Concept("ELIGVER", "eligibility verification", 30),
        Concept("ENROLLM", "enrollment", 30),
        Concept("MILDCRG", "military discharge", 30),
        Concept("REMITADV", "remittance advice", 27),
        Concept("HRESCH", "healthcare research"),
        Concept("BIORCH", "biomedical research", 36),
        Concept("CLINTRCH", "clinical trial research", 36),
        Concept("CLINTRCHNPC", "clinical trial research without patient care", 38),
        Concept("CLINTRCHPC", "clinical trial research with patient care", 38),
        Concept("PRECLINTRCH", "preclinical trial research", 38),
        Concept("DSRCH", "disease specific healthcare research", 36),
        Concept("POARCH", "population origins or ancestry healthcare research", 36),
        Concept("TRANSRCH", "translational healthcare research", 36),
        Concept("PATRQT", "patient requested"),
        Concept("FAMRQT", "family requested", 45),
        Concept("PWATRNY", "power of attorney", 45),
        Concept("SUPNWK", "support network", 45),
        Concept("PUBHLTH", "public health"),
        Concept("DISASTER", "disaster", 49),
        Concept("THREAT", "threat", 49),
        Concept("TREAT", "treatment"),
        Concept("CLINTRL", "clinical trial", 52),
        Concept("COC", "coordination of care", 52),
        Concept("ETREAT", "Emergency Treatment", 52),
        Concept("BTG", "break the glass", 55),
        Concept("ERTREAT", "emergency room treatment", 55),
        Concept("POPHLTH", "population health", 52),
    ]
}
