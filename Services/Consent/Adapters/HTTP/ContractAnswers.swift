import ConsentCore
import Cryptography
import HTTPTypes
import Messaging
import Model
import ServiceRuntime

/// Puts contracts into answers.
enum ContractAnswers {
    /// Answers with a version exactly as it was signed.
    static func version(
        _ contract: ContractState, finality: EventFinality, status: HTTPResponse.Status
    ) -> ServiceResponse {
        var headers = entryHeaders(contract, finality: finality)
        headers[.location] = "/fhir/Consent/\(contract.id)/_history/\(contract.number)"
        headers[.eTag] = ContractTag.text(number: contract.number)
        return .bytes(
            contract.document, contentType: "application/fhir+json", status: status, headers: headers)
    }

    /// Answers that a contract is accepted and not final; a permit is not in force yet, a denial is.
    static func pending(_ contract: ContractState) -> ServiceResponse {
        var headers = entryHeaders(contract, finality: .pending)
        headers[.location] = "/contracts/\(contract.id)"
        headers[.eTag] = ContractTag.text(number: contract.number)
        return .json(.accepted, body(contract, finality: .pending), headers: headers)
    }

    /// Answers how far a contract has come.
    static func status(_ contract: ContractState, finality: EventFinality) -> ServiceResponse {
        .json(
            .ok, body(contract, finality: finality),
            headers: [.eTag: ContractTag.text(number: contract.number)])
    }

    private static func body(_ contract: ContractState, finality: EventFinality) -> JSONValue {
        let isInForce = finality.isFinal || contract.isDenial
        // The mirror of it: a permit has ended when its revocation is accepted, a denial when it is final.
        let isEnded = contract.isRevoked && (finality.isFinal || !contract.isDenial)
        let status = isEnded ? "revoked" : isInForce ? "in-force" : "pending"
        return [
            "id": .string(contract.id.description), "version": .string(contract.version.hex),
            "status": .string(status), "entry": entry(contract.event, finality: finality),
        ]
    }

    /// A ledger entry's id and, once it is final, its index.
    static func entry(_ id: EntryID, finality: EventFinality) -> JSONValue {
        var members = [JSONMember(name: "id", value: .string(id.description))]
        if let index = finality.index {
            members.append(JSONMember(name: "index", value: .number(JSONNumber(index))))
        }
        return .object(members)
    }

    private static func entryHeaders(_ contract: ContractState, finality: EventFinality) -> HTTPFields {
        var headers: HTTPFields = [entryID: contract.event.description]
        if let index = finality.index { headers[entryIndex] = String(index) }
        return headers
    }

    // Both are tokens of RFC 9110, so the names always parse.
    private static let entryID = HTTPField.Name("Consentry-Entry-Id")!
    private static let entryIndex = HTTPField.Name("Consentry-Entry-Index")!
}
