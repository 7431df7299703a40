import Cryptography
package import Model

/// The command to end a contract: its document with status `inactive`, signed again.
package struct RevokeConsent: Sendable {
    /// What the patient signed.
    package let message: SignedConsent
    /// The contract that is to end.
    package let contractID: ContractID
    private let expectedTag: String

    /// Prepares the command.
    ///
    /// - Parameter expectedTag: the value of `If-Match`.
    /// - Throws: `ConsentRefusal.versionRequired` when there is none.
    package init(
        message: SignedConsent, contractID: ContractID, expectedTag: String?
    ) throws(ConsentRefusal) {
        guard let expectedTag else { throw .versionRequired }
        self.message = message
        self.contractID = contractID
        self.expectedTag = expectedTag
    }

    /// Decides the command; changes nothing.
    ///
    /// - Throws: `ConsentRefusal`.
    package func decide(_ facts: RevocationFacts, now: Timestamp) throws(ConsentRefusal) -> ConsentRevocation
    {
        try message.verify(patient: facts.patient, authority: facts.authority, networkID: facts.networkID)
        // Somebody else's contract and none at all are one refusal.
        guard let contract = facts.contract, contract.patient == message.patient else {
            throw .unknownContract
        }
        if let used = facts.usedNonce {
            guard used.version == message.version, used.contract == contractID, used.number > 1 else {
                throw .nonceUsedOtherwise
            }
            return .repeated(used)
        }
        guard expectedTag == ContractTag.text(number: contract.number) else { throw .wrongVersion }
        guard !contract.isRevoked else { throw .alreadyRevoked }
        guard message.document["status"]?.string == "inactive" else { throw .notInactive }
        guard let before = Self.unlessStatus(try? JSONValue(parsing: contract.document)),
            before == Self.unlessStatus(message.document)
        else { throw .changedOtherwise }
        let members =
            [
                JSONMember(name: "contract", value: .string(contractID.description)),
                JSONMember(name: "revokedAt", value: .string(now.description)),
                JSONMember(name: "revokedVersion", value: .string(contract.version.hex)),
            ] + message.proof
        return .revoked(
            ContractRevoked(
                contract: contractID, number: contract.number + 1, message: message, data: .object(members)))
    }

    /// The canonical form of everything but the status.
    private static func unlessStatus(_ document: JSONValue?) -> [UInt8]? {
        guard let members = document?.members else { return nil }
        return try? JSONValue.object(members.filter { $0.name != "status" }).canonicalBytes()
    }
}

/// What becomes of a revocation.
package enum ConsentRevocation: Sendable {
    /// The contract ends now: store the version and its event.
    case revoked(ContractRevoked)
    /// The same message was accepted before.
    case repeated(UsedNonce)
}

/// The fact that a patient ended a contract: `consent.revoked.v1`.
package struct ContractRevoked: Sendable {
    /// The contract.
    package let contract: ContractID
    /// The number of the version that the revocation became.
    package let number: Int
    /// What the patient signed.
    package let message: SignedConsent
    /// The event's data.
    package let data: JSONValue
}

/// The entity tag of a contract's version (FHIR R4, HTTP API, "Managing Resource Contention").
package enum ContractTag {
    /// Writes the tag of a version.
    package static func text(number: Int) -> String { "W/\"\(number)\"" }
}
