import ConsentAdapters
import ConsentCore
import Cryptography
import HTTPTypes
import LedgerProtocol
import Model
import Postgres
import ServiceHost
import ServiceRuntime
import Testing

@Suite struct RevocationRaceTests {
    private static let roundCount = 200

    /// Each round revokes a contract and asks for access at once; the outbox tells the order of acceptance.
    @Test(.timeLimit(.minutes(3))) func noPermitIsEverOrderedAfterTheRevocation() async throws {
        try await ConsentNetwork.with { network in
            var permitCount = 0
            for round in 0..<Self.roundCount {
                let document = network.document()
                let id = try await network.grant(document)
                async let revoked = network.revoke(id, document)
                // Half of the rounds let the revocation go first by a little, so that both orders occur.
                if round % 2 == 1 { try await Task.sleep(for: .microseconds(50 * (round % 40))) }
                async let asked = network.exchange(try network.form())
                let (revocation, access) = try await (revoked, asked)
                #expect(revocation.status == .ok)
                let isPermitted = access.status == .ok
                #expect(isPermitted || access.status == .forbidden)
                permitCount += isPermitted ? 1 : 0
                let after = try await network.exchange(try network.form())
                #expect(after.status == .forbidden)
            }
            let misordered = try await network.service.host.pool.query { session in
                try session.query(
                    """
                    SELECT count(*) FROM decision d
                        JOIN outbox decided ON decided.event_id = d.id, unnest(d.contracts) AS named
                        JOIN contract c ON c.id = named
                        JOIN outbox revoked ON revoked.event_id = c.revoked_event
                    WHERE cardinality(d.granted_purposes) > 0 AND decided.id > revoked.id
                    """)[0].int(0)
            }
            #expect(misordered == 0)
            let permits = try await network.service.host.pool.query { session in
                try session.query("SELECT count(*) FROM decision WHERE token_issued_at IS NOT NULL")[0].int(0)
            }
            #expect(permits == Int64(permitCount))
        }
    }
}
