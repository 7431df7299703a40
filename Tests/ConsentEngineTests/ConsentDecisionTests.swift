import ConsentEngine
import Model
import Testing

@Suite struct ConsentDecisionTests {
    private func decision(
        breakGlass: BreakGlassPolicy? = BreakGlassPolicy(mayDeclare: ["Group/g"])
    ) throws -> ConsentDecision {
        let contracts = [
            try sampleContract("b", type: "deny", purposes: ["HRESCH"]),
            try sampleContract("a", purposes: ["TREAT"]),
            try sampleContract("old", purposes: ["HPAYMT"], period: ["end": "2022"]),
        ]
        let request = sampleRequest(
            purposes("TREAT", "CLINTRCH", "HPAYMT", "BTG"), actingFor: ["Organization/w", "Organization/a"],
            groups: ["Group/z", "Group/g"], linkedPatients: ["Patient/r", "Patient/q"])
        return ConsentEvaluator.decide(
            request, contracts: contracts, implicit: .denyAll, breakGlass: breakGlass)
    }

    /// Decisions are replayed years later: this text may change only together with the engine's version.
    static let golden = """
        {"breakGlass":{"mayDeclare":["Group/g"]},"combining":"deny-overrides","contracts":[\
        {"id":"a","version":"h-a"},{"id":"b","version":"h-b"},{"id":"old","version":"h-old"}],\
        "effect":"permit","engine":"consentry-engine/1",\
        "implicitPolicy":"https://profiles.ihe.net/ITI/PCF/Policy-deny","purposes":[\
        {"clauses":[],"effect":"permit","purpose":"BTG","reason":"permitted-by-break-glass-policy"},\
        {"clauses":[{"contract":"b","effect":"deny","path":"provision","version":"h-b"}],\
        "effect":"deny","purpose":"CLINTRCH","reason":"denied-by-contract"},\
        {"clauses":[],"effect":"deny","purpose":"HPAYMT","reason":"expired"},\
        {"clauses":[{"contract":"a","effect":"permit","path":"provision","version":"h-a"}],\
        "effect":"permit","purpose":"TREAT","reason":"permitted-by-contract"}],\
        "request":{"actingFor":["Organization/w","Organization/a"],"actor":"Practitioner/d",\
        "atMilliseconds":1700000000000,"custodian":["Organization/o"],"groups":["Group/g","Group/z"],\
        "linkedPatients":["Patient/q","Patient/r"],"patient":"Patient/p",\
        "purposes":["BTG","CLINTRCH","HPAYMT","TREAT"]},\
        "terminology":"http://terminology.hl7.org/CodeSystem/v3-ActReason|2018-08-12"}
        """

    @Test func theCanonicalFormIsFixed() throws {
        let bytes = try decision().canonical().canonicalBytes()
        #expect(String(decoding: bytes, as: UTF8.self) == Self.golden)
        #expect(try decision().canonical().encoded() == bytes)
    }

    @Test func theCanonicalFormStatesAnAbsentPolicy() throws {
        #expect(try decision(breakGlass: nil).canonical()["breakGlass"] == .some(.null))
    }

    @Test func thePatientSeesTheClauses() throws {
        let sentences = DecisionExplanation.forPatient(try decision())
        #expect(
            sentences == [
                "Access for treatment (`TREAT`) is permitted by clause `provision` of contract `a`, "
                    + "version `h-a`.",
                "Access for clinical trial research (`CLINTRCH`) is denied by clause `provision` of "
                    + "contract `b`, version `h-b`.",
                "Access for healthcare payment (`HPAYMT`) is denied by the custodian's policy "
                    + "`https://profiles.ihe.net/ITI/PCF/Policy-deny`: the contract that spoke about it "
                    + "has ended.",
                "Access for break the glass (`BTG`) is permitted by the custodian's break-glass policy: "
                    + "no contract names break-glass.",
            ])
    }

    @Test func theRequesterSeesTheirOwnSide() throws {
        let text = DecisionExplanation.forRequester(try decision(breakGlass: nil), reference: "r-1")
        #expect(
            text
                == "Access is permitted for treatment (`TREAT`). Access is not permitted for clinical trial "
                + "research (`CLINTRCH`), healthcare payment (`HPAYMT`), break the glass (`BTG`). "
                + "Reference: `r-1`.")
    }

    @Test func unknownPatientDeniedExpiredAndForbiddenBreakGlassReadTheSame() throws {
        let policy = BreakGlassPolicy(mayDeclare: ["Practitioner/d"])
        let worlds: [[CompiledContract]] = [
            [], [try sampleContract(type: "deny")], [try sampleContract(period: ["end": "2022"])],
            [try sampleContract(type: "deny", purposes: ["BTG"])],
            [try sampleContract(period: ["start": "2030"])],
        ]
        let texts = worlds.map { contracts in
            DecisionExplanation.forRequester(
                ConsentEvaluator.decide(
                    sampleRequest([.treatment]), contracts: contracts, implicit: .denyAll,
                    breakGlass: policy),
                reference: "r")
        }
        let expected =
            "Access is not permitted for treatment (`TREAT`). "
            + "In an emergency you may declare break-glass (`BTG`). Reference: `r`."
        #expect(Set(texts) == [expected])
    }
}
