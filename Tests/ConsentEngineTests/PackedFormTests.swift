import ConsentEngine
import Testing

/// What is packed is unpacked unchanged, whatever its length and form.
@Suite struct PackedFormTests {
    static let texts: [String] =
        [1, 35, 36, 63, 64, 127, 128, 250, 251, 252, 253, 254, 255, 256, 300, 16_383, 16_384].map {
            String(repeating: "x", count: $0)
        } + [
            "6a1c1d1e-5a0b-4e0e-9b1a-0d7c3c3f7e11", "6A1C1D1E-5A0B-4E0E-9B1A-0D7C3C3F7E11",
            "6a1c1d1e-5a0b-4e0e-9b1a-0d7c3c3f7e1g", "6a1c1d1e05a0b-4e0e-9b1a-0d7c3c3f7e11",
            String(repeating: "ab", count: 32), String(repeating: "AB", count: 32),
            String(repeating: "ab", count: 31) + "ag", String(repeating: "ab", count: 18),
            "https://profiles.ihe.net/ITI/PCF/Policy-", "https://profiles.ihe.net/ITI/PCF/Policy-x",
        ] + ImplicitPolicy.allCases.map(\.rawValue)

    @Test(arguments: texts)
    func keepsTexts(_ text: String) {
        let terms = ContractTerms(
            contractID: text, version: text, patient: "Patient/\(text)",
            custodians: ["Organization/\(text)", "Organization/o"], policyURI: text,
            root: Provision(
                .permit, actors: ["Group/\(text)"],
                conditions: [
                    .credential(type: text, issuer: text), .credential(type: text, issuer: nil),
                ],
                scope: DataScope(data: [DataReference(.related, "Encounter/\(text)")])))
        #expect(CompiledContract(terms).terms == terms)
        #expect(CompiledContract(terms).contractID == text)
        #expect(CompiledContract(terms).policyURI == text)
    }

    @Test(arguments: [1, 127, 128, 255, 256, 16_383, 16_384, 1_000_000])
    func keepsNumbersAndLists(_ number: Int) {
        let actors = (0..<min(number, 256)).map { "Practitioner/\($0)" }
        let terms = ContractTerms(
            contractID: "c", version: "h", patient: "Patient/p", custodians: ["Organization/o"],
            root: Provision(.permit, actors: actors, conditions: [.uses(max: number)]),
            nested: Array(repeating: Provision(.deny, actors: actors), count: min(number, 64)))
        #expect(CompiledContract(terms).terms == terms)
    }

    @Test func keepsEndsOfPeriods() {
        let ends: [Int64?] = [nil, .min, -1, 0, 1, 255, .max]
        for start in ends {
            for end in ends where start != nil || end != nil {
                let period = Interval(start: start, end: end)
                let terms = ContractTerms(
                    contractID: "c", version: "h", patient: "Patient/p", custodians: ["Organization/o"],
                    root: Provision(.deny, period: period, scope: DataScope(dataPeriod: period)))
                #expect(CompiledContract(terms).terms == terms)
            }
        }
    }
}
