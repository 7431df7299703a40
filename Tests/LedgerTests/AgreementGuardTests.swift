import LedgerSimulation
import Testing

/// The guards that real implementations of the algorithm lacked or lost, each with a scenario of its own.
///
/// `deploy/mutations/agreement` takes the guards out one by one and expects these or the seeds to fail.
@Suite struct AgreementGuardTests {
    @Test(arguments: Scenario.allCases.filter { $0 != .everySizeHasItsQuorum })
    func holds(scenario: Scenario) throws {
        let findings = try scenario.run()
        #expect(findings == [])
    }

    @Test(arguments: 1...16) func everySizeHasItsQuorum(validatorCount: Int) throws {
        let findings = try Scenario.quorum(ofSize: validatorCount)
        #expect(findings == [])
    }
}
