import ConsentEngine
import Model
import RecordsCore
import Testing
import Tokens

@Suite struct ReleaseTests {
    private static let now = Timestamp(seconds: 1_790_000_000)

    private static func facts(
        _ access: GrantedAccess, isFresh: Bool = true, hasDecision: Bool = true, hasContract: Bool = true,
        revoked: Set<ContractID> = [], further: [GrantedAccess] = []
    ) throws -> ReleaseFacts {
        let contracts = try (hasContract ? [access] : []).map(contract) + further.map(contract)
        return ReleaseFacts(
            isFresh: isFresh, decision: hasDecision ? try access.recordedDecision(at: now) : nil,
            contracts: contracts, revoked: revoked, policies: DecisionPolicies(.denyAll),
            reading: RecordFixture.reading)
    }

    private static func contract(_ access: GrantedAccess) throws -> ReleaseFacts.Contract {
        ReleaseFacts.Contract(
            reference: access.reference, compiled: try access.compiled(), isFinal: access.isFinal)
    }

    private static func outcome(
        _ token: RecordAccessToken, _ target: ReleaseRecords.Target, _ facts: ReleaseFacts,
        purpose: String? = nil,
        at time: Timestamp = now
    ) throws -> String {
        let command = try #require(ReleaseRecords(token: token, target: target, purpose: purpose))
        switch command.decide(facts, now: time) {
        case .permit: return "permit"
        case .refuse(let refusal): return refusal.rawValue
        case .wait(let delay): return delay.rawValue
        }
    }

    @Test func aTokenOpensWhatItsDecisionPermits() throws {
        let access = GrantedAccess()
        let token = access.token(at: Self.now)
        let outcome = try Self.outcome(token, access.everything(), try Self.facts(access))
        #expect(outcome == "permit")
    }

    @Test func theViewHasToBeFreshAndComplete() throws {
        let access = GrantedAccess()
        let token = access.token(at: Self.now)
        let outcomes = [
            try Self.outcome(token, access.everything(), try Self.facts(access, isFresh: false)),
            try Self.outcome(token, access.everything(), try Self.facts(access, hasDecision: false)),
            try Self.outcome(token, access.everything(), try Self.facts(access, hasContract: false)),
        ]
        #expect(outcomes == ["view-stale", "decision-not-seen", "contract-not-seen"])
    }

    @Test func aRevocationOutweighsEverythingElse() throws {
        let access = GrantedAccess()
        let facts = try Self.facts(
            access, isFresh: false, hasDecision: false, hasContract: false, revoked: [access.contract])
        let outcome = try Self.outcome(access.token(at: Self.now), access.everything(), facts)
        #expect(outcome == "contract-revoked")
    }

    @Test func aTokenThatSaysMoreThanTheDecisionIsRefused() throws {
        let access = GrantedAccess()
        let now = Self.now
        let other = GrantedAccess()
        let tokens = [
            access.token(at: now, subject: Made.participant()), access.token(at: now, entryIndex: 42),
            access.token(at: now, purposes: ["TREAT", "HRESCH"]),
            access.token(at: now, contracts: [other.reference]),
            access.token(at: now, types: ["Observation"]),
        ]
        let facts = try Self.facts(access, further: [other])
        let outcomes = try tokens.map { try Self.outcome($0, access.everything(), facts, purpose: "TREAT") }
        #expect(Set(outcomes) == ["decision-differs"])
    }

    @Test func patientAndPurposeAreThoseOfTheToken() throws {
        let access = GrantedAccess()
        let token = access.token(at: Self.now)
        let facts = try Self.facts(access)
        let outcomes = [
            try Self.outcome(token, .everything(of: Made.participant(), types: []), facts),
            try Self.outcome(token, access.everything(), facts, purpose: "HRESCH"),
            try Self.outcome(token, access.everything(), facts, purpose: "no purpose"),
        ]
        #expect(outcomes == ["other-patient", "purpose-not-granted", "purpose-not-granted"])
    }

    @Test func aPurposeIsNamedWhereThereAreSeveral() {
        var access = GrantedAccess()
        access.purposes = ["TREAT", "HRESCH"]
        let token = access.token(at: Self.now)
        #expect(ReleaseRecords(token: token, target: access.everything(), purpose: nil) == nil)
        #expect(ReleaseRecords(token: token, target: access.everything(), purpose: "HRESCH") != nil)
    }

    @Test func aContractThatEndedSinceTheDecisionPermitsNothing() throws {
        var access = GrantedAccess()
        access.periodEnd = "2027-01-01"
        let facts = try Self.facts(access)
        let later = Timestamp(seconds: 1_830_000_000)
        let outcome = try Self.outcome(access.token(at: later), access.everything(), facts, at: later)
        #expect(outcome == "no-longer-permitted")
    }

    @Test func aLaterDenialCountsAndALaterPermitDoesNot() throws {
        let access = GrantedAccess()
        var denial = access
        denial.contract = Made.contract()
        denial.type = "deny"
        let token = access.token(at: Self.now)
        let outcome = try Self.outcome(token, access.everything(), try Self.facts(access, further: [denial]))
        #expect(outcome == "no-longer-permitted")
        var permit = access
        permit.contract = Made.contract()
        let withoutNamed = access.token(at: Self.now, contracts: [])
        let second = try Self.outcome(
            withoutNamed, access.everything(), try Self.facts(access, further: [permit]))
        #expect(second == "no-longer-permitted")
    }

    @Test func aContractThatCannotBeReadReleasesNothing() throws {
        let access = GrantedAccess()
        let facts = ReleaseFacts(
            isFresh: true, decision: try access.recordedDecision(at: Self.now),
            contracts: [ReleaseFacts.Contract(reference: access.reference, compiled: nil, isFinal: true)],
            revoked: [], policies: DecisionPolicies(.denyAll), reading: RecordFixture.reading)
        let outcome = try Self.outcome(access.token(at: Self.now), access.everything(), facts)
        #expect(outcome == "contract-unreadable")
    }

    @Test func typesNarrowAndNeverWiden() throws {
        let access = GrantedAccess()
        let command = try #require(
            ReleaseRecords(
                token: access.token(at: Self.now), target: .everything(of: access.patient, types: ["Goal"]),
                purpose: nil))
        guard case .permit(let permission) = command.decide(try Self.facts(access), now: Self.now) else {
            Issue.record("the access is permitted")
            return
        }
        #expect(["Goal", "Observation"].map(permission.mayPermit) == [true, false])
        #expect(!permission.looksAtContents)
    }

    @Test func aDecisionInAnotherFormIsNotRead() throws {
        let access = GrantedAccess()
        let data = try access.decisionData(at: Self.now)
        let id = access.decision
        let ofOther = RecordedDecision(id: id, entryIndex: 1, subject: Made.participant(), data: data)
        let empty = RecordedDecision(id: id, entryIndex: 1, subject: access.patient, data: [])
        let incomplete = RecordedDecision(
            id: id, entryIndex: 1, subject: access.patient,
            data: data.setting("decision", ["effect": "permit"]))
        #expect([ofOther, empty, incomplete] == [nil, nil, nil])
    }
}
