import Cryptography
import LedgerProtocol
import Model
import Tokens

/// A contract that `consent` has accepted.
struct AcceptedContract: Sendable {
    let id: String
    let entry: EntryID
    /// The version of the resource as its ETag names it.
    let etag: String
    let document: JSONValue
}

/// What an access request came to.
enum AccessAnswer: Sendable {
    case granted(token: String, decision: EntryID, entryIndex: Int64)
    case refused(decision: EntryID, sentence: String)
}

/// Speaks with `consent`: signs contracts, revokes them, and asks for access.
struct ConsentClient: Sendable {
    let genesis: Genesis
    let client: ServiceClient
    let clock: @Sendable () -> Timestamp

    private var url: String {
        get throws { try genesis.url(of: .consent) }
    }

    /// Signs and submits a FHIR Consent, and waits until it is in force.
    func submit(_ document: JSONValue, of patient: Participant) async throws -> AcceptedContract {
        let answer = try await send(
            document, of: patient, method: "POST", path: "/fhir/Consent", extra: [], accepted: [201, 202])
        guard let entry = answer.header("Consentry-Entry-Id").flatMap({ EntryID($0) }),
            let id = Self.contractID(of: answer)
        else { throw ClientFailure("consent accepted the contract and did not name it") }
        let token = try await IdentityClient(genesis: genesis, client: client, clock: clock)
            .token(of: patient, for: .consent)
        try await Poll.until("the contract is in force") {
            let status = try await client.send {
                ServiceCall(
                    url: "\(try url)/contracts/\(id)", headers: [("Authorization", "Bearer \(token)")])
            }
            return status.json["status"]?.string == "in-force" ? true : nil
        }
        return AcceptedContract(
            id: id, entry: entry, etag: answer.header("ETag") ?? "W/\"1\"", document: document)
    }

    /// Revokes a contract: the same document with status inactive, signed again.
    func revoke(_ contract: AcceptedContract, of patient: Participant) async throws {
        let members = (contract.document.members ?? []).map { member in
            member.name == "status" ? JSONMember(name: "status", value: "inactive") : member
        }
        _ = try await send(
            .object(members), of: patient, method: "PUT", path: "/fhir/Consent/\(contract.id)",
            extra: [("If-Match", contract.etag)], accepted: [200, 202])
    }

    /// Asks for access with an identity token, through the system that acts.
    ///
    /// The same `idempotencyKey` always gives the same decision, so an answer that is lost can be had again.
    func requestAccess(
        _ details: RecordAccessDetails, subjectToken: String, system: Participant,
        idempotencyKey: String = UniqueText.uuid()
    ) async throws -> AccessAnswer {
        let signer = try system.requireSigner()
        return try await Poll.until("the decision is final") {
            let answer = try await client.send {
                .form(
                    try url + OAuth.tokenPath,
                    [
                        ("grant_type", OAuth.GrantType.tokenExchange.rawValue),
                        ("subject_token", subjectToken), ("subject_token_type", OAuth.accessTokenType),
                        ("resource", try genesis.url(of: .records)),
                        ("authorization_details", details.parameter),
                    ]
                        + (try ClientCredentialFields.make(
                            clientID: system.id, audience: try url + OAuth.tokenPath, signer: signer,
                            now: clock())),
                    headers: [("Idempotency-Key", idempotencyKey)])
            }
            return try Self.access(answer)
        }
    }

    /// The whole decision as the patient may see it.
    func decision(_ id: EntryID, token: String) async throws -> JSONValue {
        let answer = try await client.send {
            ServiceCall(url: "\(try url)/decisions/\(id)", headers: [("Authorization", "Bearer \(token)")])
        }
        guard answer.status == 200 else {
            throw ClientFailure("the decision was not shown: \(answer.problem)")
        }
        return answer.json
    }

    private func send(
        _ document: JSONValue, of patient: Participant, method: String, path: String,
        extra: [(String, String)], accepted: Set<Int>
    ) async throws -> ServiceAnswer {
        let body = document.encoded()
        guard let nonce = ConsentNonce(Random.bytes(16)) else { preconditionFailure("16 bytes make a nonce") }
        let statement = SignedStatement.consent(
            networkID: genesis.networkID, patient: patient.id, nonce: nonce, body: body)
        let signature = try patient.requireSigner().sign(statement)
        let call = ServiceCall(
            method: method, url: try url + path,
            headers: [
                ("Content-Type", "application/fhir+json"), ("Consentry-Nonce", nonce.description),
                ("Consentry-Signature", Base64.encode(signature.bytes)),
            ] + extra, body: body)
        let answer = try await client.send { call }
        // A repeated command is answered with 200 where the first answer was lost.
        guard accepted.union([200]).contains(answer.status) else {
            throw ClientFailure("consent refused the contract: \(answer.problem)")
        }
        return answer
    }

    private static func contractID(of answer: ServiceAnswer) -> String? {
        guard let location = answer.header("Location") else { return nil }
        return location.split(separator: "/").map(String.init).first { ContractID($0) != nil }
    }

    private static func access(_ answer: ServiceAnswer) throws -> AccessAnswer? {
        switch answer.status {
        case 202: return nil
        case 200:
            let details = answer.json["authorization_details"]?[0]
            guard let token = answer.json["access_token"]?.string,
                let decision = details?["decision"]?.string.flatMap({ EntryID($0) }),
                let index = details?["entry"]?["index"]?.int64
            else { throw ClientFailure("consent granted access and did not say which") }
            return .granted(token: token, decision: decision, entryIndex: index)
        case 403 where answer.json["error"]?.string == OAuth.ErrorCode.accessDenied.rawValue:
            guard let decision = answer.json["decision"]?.string.flatMap({ EntryID($0) }) else {
                throw ClientFailure("consent refused access without naming the decision: \(answer.problem)")
            }
            return .refused(decision: decision, sentence: answer.problem)
        default: throw ClientFailure("the access request was not decided: \(answer.problem)")
        }
    }
}

/// Texts that are never used twice.
enum UniqueText {
    static func uuid() -> String {
        guard let id = EntryID(Random.bytes(16)) else { preconditionFailure("16 bytes make an id") }
        return id.description
    }
}
