import ConsentEngine
import Model
import TestSupport
import Testing

@Suite(.enabled(if: Corpora.isPresent, "corpora/pcf is absent")) struct PCFCaseTests {
    /// How every example consent ends: nil where it compiles, else the refusal that names the element.
    static let expected: [String: ContractRefusal?] = [
        "ex-consent-basic-ink": nil, "ex-consent-basic-reject": nil, "ex-consent-basic-research": nil,
        "ex-consent-basic-treat": nil, "ex-consent-basic-treat-infant": nil, "ex-consent-expired-treat": nil,
        "extra-inactive": nil, "extra-person": nil,
        "ex-consent-intermediate-authoredby": unsupported("data"),
        "ex-consent-intermediate-data": unsupported("data"),
        "ex-consent-intermediate-encounter": unsupported("data"),
        "ex-consent-intermediate-not-authoredby": unsupported("provision"),
        "ex-consent-intermediate-not-data": unsupported("provision"),
        "ex-consent-intermediate-not-encounter": unsupported("provision"),
        "ex-consent-intermediate-not-timeframe": unsupported("provision"),
        "ex-consent-intermediate-purpose": .badCode(
            path: "Consent.provision.purpose[0]", code: "http://example.org/policies/purposeOfUse|FooBar"),
        "ex-consent-intermediate-timeframe": unsupported("dataPeriod"),
        "ex-dissent-intermediate-break-glass": unsupported("provision"),
        "extra-absent-instance": unsupported("data"), "extra-deny-btg": unsupported("provision"),
        "extra-hiv-denied": unsupported("provision"), "extra-late-exception": unsupported("provision"),
        "extra-nested": unsupported("data"), "extra-siblings": unsupported("provision"),
    ]

    private static func unsupported(_ name: String) -> ContractRefusal {
        .element(path: "Consent.provision.\(name)", reason: .unsupported)
    }

    @Test(arguments: Corpora.names(in: "pcf/consents"))
    func everyExampleCompilesOrIsRefusedByName(_ file: String) throws {
        let name = String(file.dropLast(".json".count))
        let expected = try #require(Self.expected[name])
        if let expected {
            #expect(throws: expected) { try ConsentCorpus.contract(name) }
        } else {
            #expect(try ConsentCorpus.contract(name).contractID == name)
        }
    }

    @Test func theTableIsComplete() {
        #expect(Corpora.names(in: "pcf/consents").count == Self.expected.count)
    }

    @Test func coversAsManyCasesAsItShould() {
        #expect(PCFCase.covered.count == 25)
    }

    @Test(arguments: PCFCase.covered)
    func decidesAsExpected(_ item: PCFCase) throws {
        let request = AccessRequestFacts(
            patient: "Patient/ex-patient", actor: item.actor,
            actingFor: try ConsentCorpus.chain(item.organization),
            groups: try ConsentCorpus.groups(of: item.actor),
            custodian: try ConsentCorpus.chain("Organization/ex-organization"),
            purposes: try item.purposes.map { try #require(PurposeCode(code: $0)) },
            atMilliseconds: try #require(FHIRDateTime.milliseconds(of: item.at)).lowerBound)
        let contracts = try item.consents.map(ConsentCorpus.contract)
        let breakGlass = BreakGlassPolicy(mayDeclare: ["Group/ex-privilegedUsers"])
        let decision = ConsentEvaluator.decide(
            request, contracts: contracts, implicit: .denyAll, breakGlass: breakGlass)
        #expect(decision.effect.rawValue == item.decision)
        #expect(decision.permittedPurposes.map(\.code) == item.permitted)

        let released = item.candidates.filter { reference in
            let resource = ResourceFacts(
                type: "Observation", id: String(reference.dropFirst("Observation/".count)),
                custodian: request.custodian)
            return decision.permittedPurposes.contains { purpose in
                ConsentEvaluator.permitsResource(
                    request, purpose: purpose, resource: resource, contracts: contracts, implicit: .denyAll,
                    breakGlass: breakGlass
                ).effect == .permit
            }
        }
        #expect(released.sorted() == item.release.sorted())
    }
}
