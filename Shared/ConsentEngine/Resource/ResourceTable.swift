/// Where the metadata of each FHIR R4 resource type stands: one row a type.
///
/// - *Clinical date*: when what is recorded happened or held; else when it was written down. For a request it
///   is when it was made, as in FHIR's own search parameter `date`, not when it is to be carried out. A
///   device's or drug's dates of making and expiry say nothing about the person: such a type has none.
/// - *Authors*: who performed, observed, recorded, asserted, asked for or wrote it. Not who is to carry out a
///   request, receives a copy, pays or keeps it.
/// - *Codes*: what the resource is about: its kind and category, findings, diagnoses, reasons, products. R4
///   says of a Consent's `code` "if this code is found in an instance, then the provision applies", so
///   reasons and answers count as well as the main code; states, units, methods, sites and roles do not,
///   since they do not say what a resource is about.
struct ResourceTable: Sendable {
    /// One place of a clinical date.
    enum DateElement: Sendable {
        /// A date, dateTime or instant.
        case point(ElementPath)
        /// A Period.
        case period(ElementPath)
        /// A Timing: it names a schedule of which neither the first nor the last date is told.
        case undetermined(ElementPath)

        static func at(_ path: String) -> DateElement { .point(ElementPath(path)) }
        static func over(_ path: String) -> DateElement { .period(ElementPath(path)) }
        static func schedule(_ path: String) -> DateElement { .undetermined(ElementPath(path)) }

        static func atOrOver(_ name: String) -> [DateElement] {
            [.at("\(name)DateTime"), .over("\(name)Period")]
        }
    }

    /// The places of the clinical date; the first that is stated counts.
    let dates: [DateElement]
    /// The places of authors; all count.
    let authors: [ElementPath]
    /// The codes of which one must be there, or what the resource is about cannot be told; empty when the
    /// type has none such.
    let mainCodes: [ElementPath]
    /// The other places of codes.
    let codes: [ElementPath]
    /// References that stand in place of a code (`medication[x]`, `diagnosis[x]`): the codes of what they
    /// name count, and where these are not known, not all codes are.
    let codeReferences: [ElementPath]
    /// Names of elements, beside `everywhere`, that may refer to an Encounter, EpisodeOfCare or CarePlan, or
    /// to anything at all.
    let related: Set<String>

    /// The types of which a Consent's `related` speaks.
    static let relatedTypes: Set<String> = ["Encounter", "EpisodeOfCare", "CarePlan"]

    /// Names of elements that may refer to one of these types wherever they occur.
    static let everywhere: Set<String> = ["encounter", "context", "episodeOfCare", "basedOn", "carePlan"]

    init(
        dates: [DateElement] = [], authors: [String] = [], mainCodes: [String] = [], codes: [String] = [],
        codeReferences: [String] = [], related: Set<String> = []
    ) {
        self.dates = dates
        self.authors = authors.map(ElementPath.init)
        self.mainCodes = mainCodes.map(ElementPath.init)
        self.codes = codes.map(ElementPath.init)
        self.codeReferences = codeReferences.map(ElementPath.init)
        self.related = related.union(Self.everywhere)
    }

    /// Returns the row of a type; nil for a type that is not listed, of which nothing can be told.
    static func row(of type: String) -> ResourceTable? { rows[type] }

    /// The types that are listed.
    static var types: Set<String> { Set(rows.keys) }

    private static let rows = clinical.merging(requests) { one, _ in one }
        .merging(administrative) { one, _ in one }
        .merging(directory) { one, _ in one }
}
