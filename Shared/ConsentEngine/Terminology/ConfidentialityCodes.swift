// Written by deploy/terminology/code_tables.py from HL7's v3-Confidentiality; do not edit by hand.

/// The codes of confidentiality in their order, from least to most confidential.
enum ConfidentialityCodes {
    /// The table with the version of the code system that it was made from.
    static let table = CodeTable(
        system: "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", version: "2018-08-12",
        digest: "94fc15e0a9579f4b879bbe17567655ca59865e2fbcb508e013b405c98de9d4ac",
        concepts: [
            CodeTable.Concept("U", "unrestricted"),
            CodeTable.Concept("L", "low"),
            CodeTable.Concept("M", "moderate"),
            CodeTable.Concept("N", "normal"),
            CodeTable.Concept("R", "restricted"),
            CodeTable.Concept("V", "very restricted"),
        ])
}
