import Cryptography
import HTTPTypes
import IdentityAdapters
import LedgerProtocol
import Model
import ServiceHost
import ServiceRuntime
import Testing
import Tokens

@Suite struct TokenEndpointTests {
    /// A hospital with a system and a clinician, all final.
    struct Hospital {
        let organization = Holder()
        let system = Holder()
        let clinician = Holder()
        let patient = Holder()

        init(in network: IdentityNetwork) async throws {
            try await network.enrolled(organization, .organization)
            try await network.enrolled(system, .system, of: organization)
            try await network.enrolled(clinician, .practitioner, of: organization, hasKeys: false)
            try await network.enrolled(patient, .patient, of: organization)
        }
    }

    private static func form(_ client: Holder, _ network: IdentityNetwork, id: String) throws -> [String:
        String]
    {
        [
            "grant_type": "client_credentials", "client_assertion_type": OAuth.clientAssertionType,
            "client_assertion": try client.clientAssertion(
                audience: network.tokenEndpoint, id: id, at: network.now),
            "resource": network.consentURL,
        ]
    }

    private static func userAssertion(
        _ hospital: Hospital, _ network: IdentityNetwork, id: String
    ) throws -> String {
        try UserAssertion(
            system: hospital.system.id, user: hospital.clinician.id, organization: hospital.organization.id,
            role: nil, authenticatedAt: network.now, methods: ["pwd"], audience: network.tokenEndpoint,
            expiresAt: network.now.advanced(byMilliseconds: 60_000), id: id
        ).signed(by: hospital.system.signer, issuedAt: network.now)
    }

    /// Verifies the token of a response as a receiving service does.
    private static func verified(_ response: ServiceResponse, _ network: IdentityNetwork) throws
        -> IdentityToken
    {
        let body = try JSONValue(parsing: response.body)
        let compact = try #require(body["access_token"]?.string)
        let authenticator = try IdentityTokenAuthenticator(
            genesis: network.genesis, audience: network.consentURL, clock: network.service.host.clock)
        let request = try ServiceRequest(
            method: .get, path: "/", headers: [.authorization: "Bearer \(compact)"])
        return try authenticator.authenticate(request)
    }

    private static func error(_ response: ServiceResponse) throws -> String? {
        try JSONValue(parsing: response.body)["error"]?.string
    }

    @Test func participantsAndUsersGetTokensThatServicesAccept() async throws {
        try await IdentityNetwork.with { network in
            let hospital = try await Hospital(in: network)
            let own = try await network.token(try Self.form(hospital.patient, network, id: "1"))
            #expect(own.status == .ok)
            #expect(try Self.verified(own, network).subject == hospital.patient.id)

            var form = try Self.form(hospital.system, network, id: "1")
            form["grant_type"] = OAuth.GrantType.userAssertion.rawValue
            form["assertion"] = try Self.userAssertion(hospital, network, id: "1")
            let token = try Self.verified(try await network.token(form), network)
            #expect(token.subject == hospital.clinician.id)
            #expect(token.actor == hospital.system.id)
            #expect(token.organization == hospital.organization.id)
        }
    }

    @Test func anAssertionCountsOnce() async throws {
        try await IdentityNetwork.with { network in
            let hospital = try await Hospital(in: network)
            let form = try Self.form(hospital.patient, network, id: "1")
            let statuses = try await withThrowingTaskGroup(of: HTTPResponse.Status.self) { group in
                for _ in 0..<8 { group.addTask { try await network.token(form).status } }
                var statuses: [HTTPResponse.Status] = []
                for try await status in group { statuses.append(status) }
                return statuses
            }
            #expect(statuses.filter { $0 == .ok }.count == 1)
            #expect(statuses.filter { $0 == .unauthorized }.count == 7)

            // A user assertion that was used refuses the request, and the client's own assertion stays
            // unused.
            var user = try Self.form(hospital.system, network, id: "1")
            user["grant_type"] = OAuth.GrantType.userAssertion.rawValue
            user["assertion"] = try Self.userAssertion(hospital, network, id: "1")
            #expect(try await network.token(user).status == .ok)
            let rowCount = try await network.rowCount("used_assertion")
            user["client_assertion"] = try Self.form(hospital.system, network, id: "2")["client_assertion"]
            let replayed = try await network.token(user)
            #expect(replayed.status == .badRequest)
            #expect(try Self.error(replayed) == "invalid_grant")
            #expect(try await network.rowCount("used_assertion") == rowCount)
        }
    }

    @Test func refusalsHaveTheirStatusAndCode() async throws {
        try await IdentityNetwork.with { network in
            let hospital = try await Hospital(in: network)
            let pending = Holder()
            _ = try await network.enrol(try network.body(pending, .patient, of: hospital.organization))
            let system = hospital.system
            let cases: [([String: String], HTTPResponse.Status, String)] = [
                (try Self.form(pending, network, id: "1"), .unauthorized, "invalid_client"),
                (try Self.form(Holder(), network, id: "1"), .unauthorized, "invalid_client"),
                (["grant_type": "password"], .badRequest, "unsupported_grant_type"),
                ([:], .badRequest, "invalid_request"),
                (
                    try Self.form(system, network, id: "2").merging(["resource": "https://other.example"]) {
                        $1
                    },
                    .badRequest, "invalid_target"
                ),
                (
                    try Self.form(hospital.patient, network, id: "3").merging([
                        "grant_type": OAuth.GrantType.userAssertion.rawValue,
                        "assertion": try Self.userAssertion(hospital, network, id: "9"),
                    ]) { $1 }, .badRequest, "unauthorized_client"
                ),
            ]
            for (form, status, code) in cases {
                let response = try await network.token(form)
                #expect(response.status == status)
                #expect(try Self.error(response) == code)
            }
            #expect(try await network.rowCount("used_assertion") == 0)
            let json = try await network.call(.post, "/token", body: Array("{}".utf8))
            #expect(json.status == .unsupportedMediaType)
        }
    }

    @Test func keysAndMetadataArePublic() async throws {
        try await IdentityNetwork.with { network in
            let keys = try await network.call(.get, "/.well-known/jwks.json")
            let key = try #require(network.genesis.service(.identity)?.tokenKey)
            #expect(try JSONWebKeySet(parsing: keys.body).keys == [key])
            let metadata = try await network.call(.get, "/.well-known/oauth-authorization-server")
            let body = try JSONValue(parsing: metadata.body)
            #expect(body["issuer"]?.string == network.service.host.service.url)
            #expect(body["token_endpoint"]?.string == network.tokenEndpoint)
        }
    }
}
