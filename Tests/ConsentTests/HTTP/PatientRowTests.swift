import ConsentAdapters
import ConsentCore
import Cryptography
import HTTPTypes
import LedgerProtocol
import Model
import Postgres
import ServiceHost
import ServiceRuntime
import Synchronization
import Testing
import Tokens

/// A patient's row that a transaction of the test holds.
final class HeldRow: Sendable {
    private let held = Atomic(false)
    private let wanted = Atomic(true)

    var isHeld: Bool { held.load(ordering: .acquiring) }
    func letGo() { wanted.store(false, ordering: .releasing) }

    /// Holds the row until it is let go, for at most five seconds so that no mistake blocks a test.
    func hold(_ patient: ParticipantID, in session: PostgresSession) throws {
        _ = try session.query("SELECT id FROM participant WHERE id = $1 FOR UPDATE", [.uuid(patient.bytes)])
        held.store(true, ordering: .releasing)
        defer { held.store(false, ordering: .releasing) }
        for _ in 0..<250 where wanted.load(ordering: .acquiring) {
            _ = try session.query("SELECT pg_sleep(0.02)")
        }
    }
}

/// What happens while somebody else holds a patient's row.
@Suite struct PatientRowTests {
    private static func whileHeld<Outcome: Sendable>(
        in network: ConsentNetwork, _ body: (HeldRow) async throws -> Outcome
    ) async throws -> Outcome {
        let row = HeldRow()
        let patient = network.patient.id
        async let holder: Void = network.service.host.pool.transaction { session in
            try row.hold(patient, in: session)
        }
        defer { row.letGo() }
        while !row.isHeld { try await Task.sleep(for: .milliseconds(5)) }
        let outcome = try await body(row)
        row.letGo()
        try await holder
        return outcome
    }

    @Test func whoeverCannotSignForAPatientNeverWaitsForTheirRow() async throws {
        try await ConsentNetwork.with { network in
            let document = network.document()
            let id = try await network.grant(document)
            let forged = { (document: JSONValue) in
                Message(
                    document, by: Person(.patient), networkID: network.genesis.networkID,
                    claimedPatient: network.patient.id)
            }
            try await Self.whileHeld(in: network) { row in
                let made = try await network.submit(forged(document))
                let revoked = try await network.revoke(id, forged(document.setting("status", "inactive")))
                #expect(made.status == .forbidden && revoked.status == .forbidden)
                #expect(row.isHeld)
            }
        }
    }

    @Test func aWrongSignatureIsAnsweredNoSoonerThanAnUnknownPatient() async throws {
        try await ConsentNetwork.with { network in
            let stranger = Person(.patient)
            let messages = [
                Message(
                    network.document(), by: stranger, networkID: network.genesis.networkID,
                    claimedPatient: network.patient.id),
                Message(
                    Documents.consent(
                        patient: stranger, custodian: network.custodian, actor: network.hospital),
                    by: stranger, networkID: network.genesis.networkID),
            ]
            var bodies: Set<[UInt8]> = []
            for message in messages {
                let start = ContinuousClock.now
                let answer = try await network.submit(message)
                let waited = start.duration(to: .now)
                #expect(answer.status == .forbidden && waited >= .milliseconds(500))
                bodies.insert(answer.body)
            }
            #expect(bodies.count == 1)
        }
    }

    @Test func anEnrolmentThatArrivesLateIsWaitedFor() async throws {
        try await ConsentNetwork.with { network in
            let newcomer = Person(.patient)
            let document = Documents.consent(
                patient: newcomer, custodian: network.custodian, actor: network.hospital)
            let message = Message(document, by: newcomer, networkID: network.genesis.networkID)
            async let answer = network.submit(message)
            try await Task.sleep(for: .milliseconds(100))
            try await network.enrol(newcomer)
            let status = try await answer.status
            #expect(status == .created)
        }
    }

    @Test func aDecisionIsOfTheTimeWhenItGotTheRow() async throws {
        try await ConsentNetwork.with { network in
            _ = try await network.grant(network.document())
            let (freedAt, status) = try await Self.whileHeld(in: network) { row in
                async let asked = network.exchange(try network.form())
                try await Task.sleep(for: .milliseconds(300))
                let freedAt = network.now
                row.letGo()
                return (freedAt, try await asked.status)
            }
            let decidedAt = try await Self.time("decided_at", in: network)
            #expect(status == .ok && decidedAt >= freedAt.milliseconds)
        }
    }

    @Test func aTokenIsOfTheTimeWhenItGotTheRow() async throws {
        try await ConsentNetwork.with(isFinalAtOnce: false) { network in
            _ = try await network.grant(network.document())
            try await network.makeFinal()
            let key = EntryID(Random.bytes(16))?.description
            let pending = try await network.exchange(try network.form(), key: key)
            #expect(pending.status == .accepted)
            try await network.makeFinal()
            let (freedAt, status) = try await Self.whileHeld(in: network) { row in
                async let asked = network.exchange(try network.form(), key: key)
                try await Task.sleep(for: .milliseconds(300))
                let freedAt = network.now
                row.letGo()
                return (freedAt, try await asked.status)
            }
            let issuedAt = try await Self.time("token_issued_at", in: network)
            #expect(status == .ok && issuedAt >= freedAt.milliseconds)
        }
    }

    private static func time(_ column: String, in network: ConsentNetwork) async throws -> Int64 {
        try await network.service.host.pool.query { session in
            try session.query("SELECT \(column) FROM decision")[0].int(0)
        }
    }
}
