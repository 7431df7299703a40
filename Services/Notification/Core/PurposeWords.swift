/// Plain words for the purposes of use that requests commonly name (HL7 v3-ActReason).
enum PurposeWords {
    /// Words of a code; a code without words of its own is shown as it is.
    static func words(of code: String) -> String { table[code] ?? "the purpose `\(code)`" }

    private static let table: [String: String] = [
        "TREAT": "treatment",
        "ETREAT": "emergency treatment",
        "ERTREAT": "treatment in an emergency room",
        "BTG": "emergency access without your consent (break-glass)",
        "COC": "coordination of care",
        "CAREMGT": "care management",
        "POPHLTH": "population health",
        "CLINTRL": "treatment in a clinical trial",
        "HPAYMT": "payment for care",
        "COVERAGE": "insurance coverage",
        "HOPERAT": "running the health service",
        "HQUALIMP": "improving the quality of care",
        "PATADMIN": "administration of your care",
        "PATSFTY": "patient safety",
        "HRESCH": "research",
        "BIORCH": "biomedical research",
        "CLINTRCH": "research in a clinical trial",
        "PUBHLTH": "public health",
        "HLEGAL": "legal matters",
        "HMARKT": "marketing",
        "PATRQT": "a request of yours",
        "FAMRQT": "a request of your family",
        "PWATRNY": "a request under your power of attorney",
        "SUPNWK": "a request of those who support you",
        "TRAIN": "training",
        "HTEST": "a test",
    ]
}
