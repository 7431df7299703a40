import ConsentEngine
import Foundation
import Model
import TestSupport
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
        return ConsentEvaluator.decide(request, contracts: contracts, breakGlass: breakGlass)
    }

    /// A contract with everything that a decision can say about one.
    private static func rich() -> CompiledContract {
        let hiv = [SensitivityCode(code: "HIV")].compactMap { $0 }
        let year = Interval(start: 1_640_995_200_000, end: 1_672_531_199_999)
        return CompiledContract(
            ContractTerms(
                contractID: "9d8b0f6e-3c55-4f0e-8f6e-1b7a7c1c2d3e",
                version: String(repeating: "ab", count: 32),
                patient: "Patient/p", custodians: ["Organization/o"],
                policyURI: ImplicitPolicy.denyAll.rawValue,
                root: Provision(
                    .permit, actors: ["Organization/w"], purposes: [.treatment],
                    conditions: [.uses(max: 3)],
                    scope: DataScope(dataPeriod: year, data: [DataReference(.related, "Encounter/1")])),
                nested: [
                    Provision(
                        .deny, purposes: [.treatment],
                        scope: DataScope(confidentialities: [.veryRestricted], sensitivities: hiv)),
                    Provision(
                        .permit, purposes: purposes("HRESCH"),
                        conditions: [
                            .credential(type: "http://example.org/licence", issuer: "Organization/board"),
                            .careRelationship([.referral, .careTeam]),
                        ]),
                ]))
    }

    private static func richRequest() -> AccessRequestFacts {
        let id = rich().contractID
        return AccessRequestFacts(
            patient: "Patient/p", actor: "Practitioner/d", actingFor: ["Organization/w"],
            custodian: ["Organization/o"], purposes: purposes("TREAT", "HRESCH"),
            conditions: [
                ContractCondition(contractID: id, condition: .uses(max: 3)): .yes,
                ContractCondition(
                    contractID: id, condition: .careRelationship([.referral, .careTeam])): .no,
            ], atMilliseconds: 1_700_000_000_000)
    }

    private static func richDecision() -> ConsentDecision {
        ConsentEvaluator.decide(
            richRequest(),
            contracts: [
                StandingContract(rich()),
                StandingContract(
                    CompiledContract(
                        ContractTerms(
                            contractID: "later", version: "h", dialect: .r5Decision, patient: "Patient/p",
                            custodians: ["Organization/o"], root: Provision(.permit),
                            nested: [Provision(.deny, scope: DataScope(classes: ["Media"]))])),
                    .restrictionsOnly),
            ],
            policies: DecisionPolicies(
                .basicNormal, breakGlass: BreakGlassPolicy(mayDeclare: ["Group/g"], scopeMax: .restricted),
                versions: [
                    PolicyVersion(
                        uri: ImplicitPolicy.basicNormal.rawValue, version: String(repeating: "cd", count: 32))
                ]))
    }

    // MARK: golden files

    /// Decisions are replayed years later: these files may change only together with the engine's version.
    ///
    /// `CONSENTRY_WRITE_VECTORS=1` writes them again.
    @Test(arguments: ["several-purposes", "every-part"])
    func theCanonicalFormIsFixed(_ name: String) throws {
        let decision = name == "every-part" ? Self.richDecision() : try decision()
        let bytes = try decision.canonical().canonicalBytes()
        let file = URL(filePath: Corpora.packageRoot)
            .appending(path: "Tests/ConsentEngineTests/Golden/\(name).json")
        if ProcessInfo.processInfo.environment["CONSENTRY_WRITE_VECTORS"] == "1" {
            try Data(bytes).write(to: file)
        }
        #expect(try [UInt8](Data(contentsOf: file)) == bytes)
        #expect(decision.canonical().encoded() == bytes)
        #expect(
            try JSONValue(parsing: bytes)["engine"]?.string == ConsentEvaluator.engineVersion,
            "a new version of the engine needs new files")
    }

    @Test func theCanonicalFormStatesAnAbsentPolicy() throws {
        #expect(try decision(breakGlass: nil).canonical()["breakGlass"] == .some(.null))
    }

    // MARK: obligations and residuals

    @Test func aPermitSaysWhatIsToBeDone() {
        let decision = Self.richDecision()
        let use = ContractCondition(contractID: Self.rich().contractID, condition: .uses(max: 3))
        #expect(decision.permittedPurposes == [.treatment])
        #expect(decision.purposes[0].obligations == [.redact, .countUse(use)])
        #expect(decision.purposes[1].obligations.isEmpty)
    }

    @Test func breakGlassCarriesItsObligations() throws {
        let policy = BreakGlassPolicy(mayDeclare: ["Group/g"], lifetimeSeconds: 600, reviewHours: 24)
        let byPolicy = try decision(breakGlass: policy).purposes[3]
        #expect(
            byPolicy.obligations == [
                .stateReason, .notifyPatient, .notifyPrivacyOfficer, .review(hours: 24),
                .expire(seconds: 600),
            ])
        let byContract = ConsentEvaluator.decide(
            sampleRequest([.breakGlass]), contracts: [try sampleContract(purposes: ["BTG"])])
        #expect(
            byContract.purposes[0].obligations == [.stateReason, .notifyPatient, .notifyPrivacyOfficer])
    }

    @Test func theResidualNamesWhatIsHeldAgainstResources() {
        let residual = Self.richDecision().purposes[0].residual
        #expect(residual.map(\.clause.path) == ["provision", "provision[0]"])
        #expect(residual.map { $0.exceptions.map(\.clause.path) } == [["provision.provision[0]"], []])
        #expect(residual[1].scope == DataScope(classes: ["Media"]))
        #expect(residual[1].clause.effect == .deny)
    }

    @Test func theUnmetConditionsAreNamed() {
        let unmet = Self.richDecision().purposes[1].unmetConditions
        #expect(unmet.map(\.condition.kind) == [.credential, .careRelationship])
        #expect(unmet.map(\.truth) == [.unknown, .no])
        #expect(unmet.allSatisfy { $0.clause.path == "provision.provision[1]" })
    }

    // MARK: words

    @Test func thePatientSeesTheClauses() throws {
        #expect(
            DecisionExplanation.forPatient(try decision()) == [
                "Access for treatment (`TREAT`) is permitted by contract.",
                "Clause `provision` of contract `a`, version `h-a`, permits everybody access to all "
                    + "resources for treatment (`TREAT`).",
                "Access for clinical trial research (`CLINTRCH`) is denied by contract.",
                "Clause `provision` of contract `b`, version `h-b`, denies everybody access to all resources "
                    + "for healthcare research (`HRESCH`).",
                "Access for healthcare payment (`HPAYMT`) is denied by the custodian's policy "
                    + "`https://profiles.ihe.net/ITI/PCF/Policy-deny`: the contract that spoke about it "
                    + "has ended.",
                "Access for break the glass (`BTG`) is permitted by the custodian's break-glass policy: "
                    + "no contract names break-glass.",
            ])
    }

    @Test func thePatientSeesWhatIsHeldBackAndWhatIsMissing() {
        let sentences = DecisionExplanation.forPatient(Self.richDecision())
        let expected = [
            "permits `Organization/w` access to all resources that are part of or related to `Encounter/1` "
                + "dated from 2022-01-01T00:00:00Z until 2022-12-31T23:59:59.999Z for treatment "
                + "(`TREAT`) on condition that it has permitted fewer than 3 accesses.",
            "Held back by clause `provision.provision[0]` of contract "
                + "`9d8b0f6e-3c55-4f0e-8f6e-1b7a7c1c2d3e`: all resources labelled very restricted (`V`) or "
                + "more or sensitive for HIV/AIDS information sensitivity (`HIV`).",
            "Held back by clause `provision[0]` of contract `later`: `Media`.",
            "would permit it on a condition that is not met: the requester has a care relationship by "
                + "referral or care-team.",
            "would permit it on a condition that could not be checked: the requester holds a valid "
                + "credential `http://example.org/licence` issued by `Organization/board`.",
        ]
        for text in expected { #expect(sentences.contains { $0.hasSuffix(text) }, "\(text)") }
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
        let conditional = ContractTerms(
            contractID: "c", version: "h", patient: "Patient/p", custodians: ["Organization/o"],
            root: Provision(.permit, conditions: [.session]))
        let worlds: [[CompiledContract]] = [
            [], [try sampleContract(type: "deny")], [try sampleContract(period: ["end": "2022"])],
            [try sampleContract(type: "deny", purposes: ["BTG"])],
            [try sampleContract(period: ["start": "2030"])], [CompiledContract(conditional)],
        ]
        let texts = worlds.map { contracts in
            DecisionExplanation.forRequester(
                ConsentEvaluator.decide(
                    sampleRequest([.treatment]), contracts: contracts, breakGlass: policy),
                reference: "r")
        }
        let expected =
            "Access is not permitted for treatment (`TREAT`). "
            + "In an emergency you may declare break-glass (`BTG`). Reference: `r`."
        #expect(Set(texts) == [expected])
    }
}
