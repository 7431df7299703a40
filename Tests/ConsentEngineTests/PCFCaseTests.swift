import ConsentEngine
import Model
import TestSupport
import Testing

@Suite(.enabled(if: Corpora.isPresent, "corpora/pcf is absent")) struct PCFCaseTests {
    @Test(arguments: Corpora.names(in: "pcf/consents"))
    func everyExampleCompiles(_ file: String) throws {
        let name = String(file.dropLast(".json".count))
        let contract = try ConsentCorpus.contract(name)
        #expect(contract.contractID == name)
        #expect(CompiledContract(contract.terms) == contract)
    }

    @Test func thereAreCases() {
        #expect(PCFCase.all.count == 53)
    }

    @Test(arguments: PCFCase.all)
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

        let released = try item.candidates.filter { reference in
            let resource = try ConsentCorpus.resource(reference, custodian: request.custodian)
            return decision.purposes.contains { purpose in
                purpose.effect == .permit && purpose.judge(resource).effect == .permit
            }
        }
        #expect(released.sorted() == item.release.sorted())
        // What the request step denies the resource step never releases.
        let denied = try item.candidates.filter { reference in
            let resource = try ConsentCorpus.resource(reference, custodian: request.custodian)
            return decision.purposes.contains { $0.effect == .deny && $0.judge(resource).effect == .permit }
        }
        #expect(denied.isEmpty)
    }
}
