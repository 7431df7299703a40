package import ConsentEngine

/// Says why a consent message is refused; nothing has changed then.
package enum ConsentRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nonce or signature is missing.
    case unsigned
    /// A header or the body is of the wrong form.
    case malformed(String)
    /// `Consent.patient` is no reference to a participant.
    case badPatient
    /// The view of the participants holds nobody of the patient's id; answered as `notSignedByPatient`.
    case unknownPatient
    /// The signature is not that of an enrolled patient of this service over these bytes.
    case notSignedByPatient
    /// The nonce was used for another message.
    case nonceUsedOtherwise
    /// The engine cannot honour the document.
    case contractRefused(ContractRefusal)
    /// A new contract has to be active.
    case notActive
    /// An element refers to somebody who is not enrolled as what the reference says.
    case notEnrolled(element: String)
    /// A provision states a condition that this service cannot check.
    case conditionNotChecked(element: String)
    /// The patient has as many contracts at one organisation as a token can name.
    case tooManyContracts
    /// The patient has no such contract.
    case unknownContract
    /// The version that is to be revoked is not named.
    case versionRequired
    /// The version named is not the newest.
    case wrongVersion
    /// The contract is revoked already.
    case alreadyRevoked
    /// The document of a revocation does not say `inactive`.
    case notInactive
    /// A revocation changes more than the status.
    case changedOtherwise

    /// Whether the same message may be accepted once this replica's view of the participants has followed.
    package var mayBeViewBehind: Bool {
        switch self {
        case .unknownPatient, .notEnrolled: true
        case .unsigned, .malformed, .badPatient, .notSignedByPatient, .nonceUsedOtherwise, .contractRefused,
            .notActive, .conditionNotChecked,
            .tooManyContracts, .unknownContract, .versionRequired, .wrongVersion, .alreadyRevoked,
            .notInactive,
            .changedOtherwise:
            false
        }
    }

    /// The refusal in words, with what to do next.
    package var description: String {
        switch self {
        case .unsigned:
            "`Consentry-Nonce` or `Consentry-Signature` is missing; sign the document and send both"
        case .malformed(let name): "`\(name)` has a wrong form; correct it"
        case .badPatient: "`Consent.patient.reference` names no patient; use `Patient/` and the patient's id"
        case .unknownPatient, .notSignedByPatient:
            "signature is not that of an enrolled patient over these bytes; sign tag, network, patient, "
                + "nonce and the SHA-256 of the body with the patient's key"
        case .nonceUsedOtherwise: "nonce was used for another message; choose a new one"
        case .contractRefused(let refusal): refusal.description
        case .notActive: "`Consent.status` of a new contract is not `active`; set it"
        case .notEnrolled(let element):
            "`\(element)` names nobody who is enrolled; enrol them first or correct it"
        case .conditionNotChecked(let element):
            "`\(element)` states a condition that nobody here checks; leave it out or ask the operator"
        case .tooManyContracts:
            "patient has `\(SubmitConsent.contractCountMax)` contracts at one organisation; revoke one first"
        case .unknownContract: "patient has no contract of this id; use the id from its location"
        case .versionRequired: "`If-Match` is missing; send the contract's entity tag"
        case .wrongVersion: "`If-Match` does not name the newest version; read the contract again"
        case .alreadyRevoked: "contract is revoked already; there is nothing more to do"
        case .notInactive: "`Consent.status` of a revocation is not `inactive`; set it"
        case .changedOtherwise:
            "revocation changes more than `Consent.status`; send the contract otherwise as it is"
        }
    }
}
