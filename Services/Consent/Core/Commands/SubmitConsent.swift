package import ConsentEngine
import Cryptography
package import Model
import Tokens

/// The command to make a contract: a FHIR Consent that its patient signed.
package struct SubmitConsent: Sendable {
    /// Contracts of one patient that bind one organisation at a time: as many as a token can name.
    package static let contractCountMax = RecordAccessToken.contractCountMax

    /// What the patient signed.
    package let message: SignedConsent
    /// The id that the contract gets; random.
    package let contractID: ContractID
    private let terms: Result<ContractTerms, ContractRefusal>

    /// Prepares the command; a document that is refused is told only to the patient who signed it.
    ///
    /// - Parameter registry: what is registered in this network.
    package init(message: SignedConsent, contractID: ContractID, registry: CustodianRegistry) {
        self.message = message
        self.contractID = contractID
        do throws(ContractRefusal) {
            terms = .success(
                try ContractCompiler.terms(
                    of: message.document, id: contractID.description, version: message.version.hex,
                    registry: registry))
        } catch {
            terms = .failure(error)
        }
    }

    /// The participants whom the document refers to, for the shell to look up.
    package var referencedParticipants: [ParticipantID] {
        guard case .success(let contract) = terms else { return [] }
        return (contract.custodians + contract.provisions.flatMap(\.actors))
            .compactMap { ParticipantReference($0)?.id }
    }

    /// The organisations that the contract binds.
    package var custodians: [ParticipantID] {
        guard case .success(let contract) = terms else { return [] }
        return contract.custodians.compactMap { ParticipantReference($0)?.id }
    }

    /// Decides the command; changes nothing.
    ///
    /// The signature is checked before anything is said of the document or of what is stored.
    /// - Throws: `ConsentRefusal`.
    package func decide(_ facts: SubmissionFacts) throws(ConsentRefusal) -> ConsentSubmission {
        try message.verify(patient: facts.patient, authority: facts.authority, networkID: facts.networkID)
        if let used = facts.usedNonce {
            guard used.version == message.version, used.number == 1 else { throw .nonceUsedOtherwise }
            return .repeated(used)
        }
        let contract: ContractTerms
        do throws(ContractRefusal) { contract = try terms.get() } catch { throw .contractRefused(error) }
        guard contract.status == .active else { throw .notActive }
        try require(contract, in: facts)
        guard contract.custodians.count <= Self.contractCountMax,
            facts.standingContractCount < Self.contractCountMax
        else { throw .tooManyContracts }
        return .made(
            ContractMade(
                contract: contractID, message: message,
                restricts: contract.provisions.contains { $0.effect == .deny },
                data: .object(
                    [JSONMember(name: "contract", value: .string(contractID.description))] + message.proof)))
    }

    private func require(
        _ contract: ContractTerms, in facts: SubmissionFacts
    ) throws(ConsentRefusal) {
        let custodianElement = contract.dialect == .r5Decision ? "controller" : "organization"
        for (index, custodian) in contract.custodians.enumerated() {
            try require(custodian, in: facts, element: "Consent.\(custodianElement)[\(index)].reference")
        }
        for (place, provision) in contract.provisions.enumerated() {
            let path = "Consent.\(contract.path(place))"
            for (index, actor) in provision.actors.enumerated() {
                try require(actor, in: facts, element: "\(path).actor[\(index)].reference")
            }
            // A permit whose condition nobody checks would never act, and its patient would not know.
            guard provision.conditions.isEmpty else {
                throw .conditionNotChecked(element: "\(path).modifierExtension")
            }
        }
    }

    private func require(
        _ text: String, in facts: SubmissionFacts, element: String
    ) throws(ConsentRefusal) {
        guard let reference = ParticipantReference(text),
            facts.participants[reference.id]?.kind == reference.kind
        else { throw .notEnrolled(element: element) }
    }
}

/// What becomes of a submitted contract.
package enum ConsentSubmission: Sendable {
    /// The contract is new: store it and its event.
    case made(ContractMade)
    /// The same message was accepted before.
    case repeated(UsedNonce)
}

/// The fact that a patient made a contract: `consent.granted.v1`, or `consent.denied.v1` when it denies
/// anything.
package struct ContractMade: Sendable {
    /// The contract.
    package let contract: ContractID
    /// What the patient signed.
    package let message: SignedConsent
    /// Whether anything in the contract denies.
    package let restricts: Bool
    /// The event's data, of one form for both types.
    package let data: JSONValue

    /// The type of the event.
    package var eventType: EventType {
        // INVARIANT: what denies is published when it is accepted; every other service obeys it from then on.
        restricts ? .consentDenied : .consentGranted
    }
}
