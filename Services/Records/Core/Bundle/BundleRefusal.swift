/// Says why a Bundle is not stored; nothing of it is then.
///
/// Entries are numbered from 0, as `Bundle.entry[0]`.
package enum BundleRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The body is longer than ``SplitBundle/bytesMax``.
    case tooLarge
    /// The body is not JSON, or not within the limits of documents.
    case notJSON(reason: String)
    /// The body is not a FHIR Bundle of a kind that carries resources to store.
    case notBundle
    /// The Bundle has more entries than ``SplitBundle/entryCountMax``.
    case tooManyEntries
    /// An entry has no resource, or asks for something else than to store it.
    case notStorable(entry: Int)
    /// A resource has no valid `resourceType` or `id`.
    case unidentified(entry: Int)
    /// A resource is of a type that the vault does not hold.
    case unknownType(entry: Int)
    /// The Bundle holds a second Patient.
    case secondPatient(entry: Int)
    /// A resource belongs to somebody else than the Bundle's Patient.
    case otherPatient(entry: Int)
    /// A resource comes twice.
    case duplicate(entry: Int)

    /// The refusal in words, without anything of the content.
    package var description: String {
        switch self {
        case .tooLarge: "bundle is larger than `\(SplitBundle.bytesMax)` bytes; send several"
        case .notJSON(let reason): reason
        case .notBundle:
            "body is no FHIR Bundle of type transaction, batch, collection or searchset; send one"
        case .tooManyEntries: "bundle has more than `\(SplitBundle.entryCountMax)` entries; send several"
        case .notStorable(let entry):
            "`Bundle.entry[\(entry)]` holds no resource to store; give one, with POST or PUT as its method"
        case .unidentified(let entry):
            "`Bundle.entry[\(entry)].resource` has no valid resourceType and id; state both"
        case .unknownType(let entry):
            "`Bundle.entry[\(entry)].resource` is of a type that the vault does not hold; leave it out"
        case .secondPatient(let entry):
            "`Bundle.entry[\(entry)].resource` is a second Patient; send the Bundle of one patient"
        case .otherPatient(let entry):
            "`Bundle.entry[\(entry)].resource` is not about the Bundle's Patient; send it with its own"
        case .duplicate(let entry):
            "`Bundle.entry[\(entry)].resource` comes a second time; state each resource once"
        }
    }
}
