import ConsentEngine
import Model
import Testing

@Suite struct ContractHistoryTests {
    private static let history = ["permit", "deny"].map { type in
        try? ContractRecord(
            sampleContract("c-\(type)", type: .string(type), purposes: type == "permit" ? [] : ["HRESCH"]),
            acceptedAt: 100, finalAt: 200, revokedAt: 300, revocationFinalAt: 400)
    }.compactMap { $0 }

    private static let policies = [
        PolicyRecord(DecisionPolicies(.denyAll), since: 50),
        PolicyRecord(DecisionPolicies(.allNormal), since: 350),
    ]

    static let instants: [(Int64, StandingContract.Standing?, Set<String>)] = [
        (99, nil, []), (100, .restrictionsOnly, []), (199, .restrictionsOnly, []), (200, .full, ["TREAT"]),
        (299, .full, ["TREAT"]), (300, .restrictionsOnly, []),
        // From 350 on the policy permits what no contract denies; the denial acts until its revocation is
        // final.
        (350, .restrictionsOnly, ["TREAT"]), (399, .restrictionsOnly, ["TREAT"]),
        (400, nil, ["TREAT", "HRESCH"]),
    ]

    @Test(arguments: instants)
    func decidesAsItWouldHaveBeenDecided(
        _ instant: Int64, _ standing: StandingContract.Standing?, _ permitted: Set<String>
    ) throws {
        #expect(Self.history.count == 2)
        #expect(Self.history.allSatisfy { $0.standing(at: instant) == standing })
        let decision = try #require(
            ConsentEvaluator.decide(
                asOf: instant, sampleRequest(purposes("TREAT", "HRESCH"), at: 1), history: Self.history,
                policies: Self.policies))
        #expect(Set(decision.permittedPurposes.map(\.code)) == permitted)
        #expect(decision.request.atMilliseconds == instant)
    }

    @Test func withoutPoliciesNothingIsDecided() {
        let decision = ConsentEvaluator.decide(
            asOf: 49, sampleRequest([.treatment]), history: Self.history, policies: Self.policies)
        #expect(decision == nil)
    }

    @Test func aContractThatIsNeverFinalNeverPermits() throws {
        let record = ContractRecord(try sampleContract(), acceptedAt: 1, finalAt: nil)
        #expect(record.standing(at: .max) == .restrictionsOnly)
    }
}
