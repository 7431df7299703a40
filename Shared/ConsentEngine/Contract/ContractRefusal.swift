/// Says why a document is not accepted as a contract.
///
/// Nothing that could change the meaning of a contract is ever passed over: what the engine cannot
/// honour it refuses by name. Paths are FHIRPath-like, such as `Consent.provision.actor[0].role`.
package enum ContractRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The document is not a FHIR Consent.
    case notConsent
    /// An element is stated that the engine cannot honour.
    case element(path: String, reason: ElementReason)
    /// An element is missing.
    case missing(path: String)
    /// A code or reference is none of those allowed in this place.
    case badCode(path: String, code: String)
    /// A date is no FHIR dateTime, or a period ends before it starts.
    case badDate(path: String)
    /// An element has another shape than FHIR gives it; empty lists, objects and texts included.
    case malformed(path: String)

    /// Why an element cannot be honoured.
    package enum ElementReason: Hashable, Sendable {
        /// The engine does not evaluate it.
        case unsupported
        /// It can be read in more than one way.
        case ambiguous
        /// It names a policy that the custodian has not registered.
        case unregistered(policy: String)
        /// The document says of itself that parts of it are left out.
        case incomplete
        /// It lists more than a contract may.
        case tooMany(max: Int)
    }

    /// How much of a text from the document a message repeats.
    private static let quotedCharactersMax = 128

    /// The refusal in words.
    package var description: String {
        switch self {
        case .notConsent: "document is no FHIR Consent; send a resource of type `Consent`"
        case .element(let path, let reason): Self.describe(path, reason)
        case .missing(let path): "`\(path)` is missing; state it"
        case .badCode(let path, let code):
            "`\(path)` has the value `\(code.prefix(Self.quotedCharactersMax))`; use one allowed there"
        case .badDate(let path): "`\(path)` is no valid date or period; use a FHIR dateTime"
        case .malformed(let path): "`\(path)` is not shaped as FHIR R4 requires; correct it"
        }
    }

    private static func describe(_ path: String, _ reason: ElementReason) -> String {
        switch reason {
        case .unsupported: "`\(path)` is not supported; leave it out if the contract holds without it"
        case .ambiguous: "`\(path)` can be read in more than one way; state one"
        case .unregistered(let policy):
            "`\(path)` names the policy `\(policy.prefix(quotedCharactersMax))`; register it or name another"
        case .tooMany(let max): "`\(path)` lists more than `\(max)`; make several contracts of it"
        case .incomplete: "`\(path)` marks the document as incomplete; send the whole document"
        }
    }
}
