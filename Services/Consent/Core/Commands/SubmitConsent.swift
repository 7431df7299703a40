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
    private let compiled: Result<CompiledContract, ContractRefusal>

    /// Prepares the command; a document that is refused is told only to the patient who signed it.
    ///
    /// - Parameter registeredPolicies: the policy URIs of this network.
    package init(message: SignedConsent, contractID: ContractID, registeredPolicies: Set<String>) {
        self.message = message
        self.contractID = contractID
        do throws(ContractRefusal) {
            compiled = .success(
                try ContractCompiler.compile(
                    message.document, id: contractID.description, version: message.version.hex,
                    registeredPolicies: registeredPolicies))
        } catch {
            compiled = .failure(error)
        }
    }

    /// The participants whom the document refers to, for the shell to look up.
    package var referencedParticipants: [ParticipantID] {
        guard case .success(let contract) = compiled else { return [] }
        return (contract.custodians + contract.root.actors).compactMap { ParticipantReference($0)?.id }
    }

    /// The organisations that the contract binds.
    package var custodians: [ParticipantID] {
        guard case .success(let contract) = compiled else { return [] }
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
        let contract: CompiledContract
        do throws(ContractRefusal) { contract = try compiled.get() } catch { throw .contractRefused(error) }
        guard contract.status == .active else { throw .notActive }
        for (index, custodian) in contract.custodians.enumerated() {
            try require(custodian, in: facts, element: "Consent.organization[\(index)].reference")
        }
        for (index, actor) in contract.root.actors.enumerated() {
            try require(actor, in: facts, element: "Consent.provision.actor[\(index)].reference")
        }
        guard contract.custodians.count <= Self.contractCountMax,
            facts.standingContractCount < Self.contractCountMax
        else { throw .tooManyContracts }
        return .made(
            ContractMade(
                contract: contractID, message: message, effect: contract.root.type,
                data: .object(
                    [JSONMember(name: "contract", value: .string(contractID.description))] + message.proof)))
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

/// The fact that a patient made a contract: `consent.granted.v1`, or `consent.denied.v1` for a denial.
package struct ContractMade: Sendable {
    /// The contract.
    package let contract: ContractID
    /// What the patient signed.
    package let message: SignedConsent
    /// What the root of the contract does.
    package let effect: ProvisionEffect
    /// The event's data, of one form for both types.
    package let data: JSONValue

    /// The type of the event.
    package var eventType: EventType {
        // INVARIANT: what denies is published when it is accepted; every other service obeys it from then on.
        switch effect {
        case .permit: .consentGranted
        case .deny: .consentDenied
        }
    }
}
