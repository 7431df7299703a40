import Cryptography
import LedgerProtocol
import Model
import Tokens

/// Speaks with `identity`: enrols participants and obtains identity tokens.
struct IdentityClient: Sendable {
    let genesis: Genesis
    let client: ServiceClient
    let clock: @Sendable () -> Timestamp

    private var url: String {
        get throws { try genesis.url(of: .identity) }
    }

    /// Enrols a participant and waits until the enrolment is final.
    ///
    /// - Parameter sponsor: who vouches: a genesis organisation for an organisation, else an enrolled one.
    func enrol(_ participant: Participant, sponsor: (id: ParticipantID, signer: Signer)) async throws {
        let enrolment = try enrolment(of: participant)
        let statement = try SignedStatement.enrolment(networkID: genesis.networkID, enrolment: enrolment)
        var members = [
            JSONMember(name: "enrolment", value: enrolment),
            JSONMember(
                name: "sponsor",
                value: [
                    "id": .string(sponsor.id.description),
                    "signature": .string(Base64.encode(sponsor.signer.sign(statement).bytes)),
                ]),
        ]
        if let signer = participant.signer {
            let proof = try SignedStatement.possession(networkID: genesis.networkID, enrolment: enrolment)
            members.append(
                JSONMember(name: "possession", value: .string(Base64.encode(signer.sign(proof).bytes))))
        }
        let call = ServiceCall(
            method: "POST", url: "\(try url)/enrolments", headers: [("Content-Type", "application/json")],
            body: JSONValue.object(members).encoded())
        try await Poll.until("the enrolment is final") {
            let answer = try await client.send { call }
            guard [200, 201, 202].contains(answer.status) else {
                throw ClientFailure("the enrolment was refused: \(answer.problem)")
            }
            return answer.json["status"]?.string == "final" ? true : nil
        }
    }

    /// Obtains a token in which a participant with a key speaks for itself.
    func token(of participant: Participant, for service: ServiceName) async throws -> String {
        let signer = try participant.requireSigner()
        return try await token {
            [
                ("grant_type", OAuth.GrantType.clientCredentials.rawValue),
                ("resource", try genesis.url(of: service)),
            ] + (try credential(of: participant.id, signer: signer))
        }
    }

    /// Obtains a token in which a clinician speaks through a system of their organisation.
    func token(
        of practitioner: Participant, through system: Participant, for service: ServiceName
    ) async throws -> String {
        guard let organization = system.organization else {
            throw ClientFailure("a system acts for an organisation; enrol it with one")
        }
        let signer = try system.requireSigner()
        return try await token {
            let now = clock()
            let assertion = UserAssertion(
                system: system.id, user: practitioner.id, organization: organization, role: "physician",
                authenticatedAt: now, methods: ["hwk"], audience: try url + OAuth.tokenPath,
                expiresAt: now.advanced(byMilliseconds: 60_000), id: Self.randomID())
            return [
                ("grant_type", OAuth.GrantType.userAssertion.rawValue),
                ("assertion", try assertion.signed(by: signer, issuedAt: now)),
                ("resource", try genesis.url(of: service)),
            ] + (try credential(of: system.id, signer: signer))
        }
    }

    private func token(_ fields: () throws -> [(String, String)]) async throws -> String {
        let answer = try await client.send { .form(try url + OAuth.tokenPath, try fields()) }
        guard answer.status == 200, let token = answer.json["access_token"]?.string else {
            throw ClientFailure("identity issued no token: \(answer.problem)")
        }
        return token
    }

    private func credential(of id: ParticipantID, signer: Signer) throws -> [(String, String)] {
        try ClientCredentialFields.make(
            clientID: id, audience: try url + OAuth.tokenPath, signer: signer, now: clock())
    }

    private func enrolment(of participant: Participant) throws -> JSONValue {
        var members = [
            JSONMember(name: "id", value: .string(participant.id.description)),
            JSONMember(name: "kind", value: .string(participant.kind.rawValue)),
            JSONMember(name: "name", value: .string(participant.name)),
        ]
        if let organization = participant.organization {
            members.append(JSONMember(name: "organization", value: .string(organization.description)))
        }
        if let signer = participant.signer, let sealingKey = participant.sealingKey {
            members.append(
                JSONMember(name: "signingKey", value: .string(Base64.encode(signer.publicKey.bytes))))
            members.append(JSONMember(name: "sealingKey", value: .string(Base64.encode(sealingKey.bytes))))
        }
        if participant.kind == .patient {
            members.append(JSONMember(name: "authority", value: .string(try genesis.url(of: .consent))))
        }
        members.append(JSONMember(name: "issuedAt", value: .string(clock().description)))
        return .object(members)
    }

    /// A text that is never used twice.
    static func randomID() -> String { Base64.encodeURL(Random.bytes(16)) }
}

/// The form fields by which a client authenticates itself (`private_key_jwt`).
enum ClientCredentialFields {
    static func make(
        clientID: ParticipantID, audience: String, signer: Signer, now: Timestamp
    ) throws -> [(String, String)] {
        let assertion = try ClientAssertion.make(
            clientID: clientID, audience: audience, id: IdentityClient.randomID(), issuedAt: now,
            expiresAt: now.advanced(byMilliseconds: 60_000), signer: signer)
        return [
            ("client_assertion_type", OAuth.clientAssertionType), ("client_assertion", assertion),
        ]
    }
}

extension Genesis {
    /// The base URL of a service of the network.
    func url(of service: ServiceName) throws -> String {
        guard let entry = self.service(service) else {
            throw ClientFailure("the network has no service named `\(service.rawValue)`; make it with one")
        }
        return entry.url
    }
}
