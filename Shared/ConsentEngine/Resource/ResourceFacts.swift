/// What the resource step knows about one resource: its metadata, never its content.
///
/// References are literal, such as `Practitioner/1`, or `urn:uuid:<id>` where a Bundle named something by its
/// UUID alone. What is not known says so, because an undetermined element matches a deny and no permit.
package struct ResourceFacts: Hashable, Sendable {
    /// The FHIR type, such as `Observation`.
    package let type: String
    /// The id within its type.
    package let id: String
    /// The organisation that holds the resource, then those above it.
    package let custodian: [String]
    /// The clinical date with its precision, in milliseconds since 1970; nil when it cannot be told.
    package let clinicalDate: Interval?
    /// Who wrote, performed, recorded, asserted or requested it, by the table of its type.
    package let authors: Known<String>
    /// The Encounters, EpisodesOfCare and CarePlans that it refers to directly.
    package let related: Known<String>
    /// Its codes, by the table of its type.
    package let codes: Known<Coding>
    /// How confidential it is and why; nil until labels are known.
    package let labels: ResourceLabels?

    /// States the facts of a resource.
    package init(
        type: String, id: String, custodian: [String], clinicalDate: Interval? = nil,
        authors: Known<String> = .unknown, related: Known<String> = .unknown, codes: Known<Coding> = .unknown,
        labels: ResourceLabels? = nil
    ) {
        self.type = type
        self.id = id
        self.custodian = custodian
        self.clinicalDate = clinicalDate
        self.authors = authors
        self.related = related
        self.codes = codes
        self.labels = labels
    }
}

/// What is known of a list: the elements that could be told, and whether these are all.
package struct Known<Element: Hashable & Sendable>: Hashable, Sendable {
    /// The elements that could be told.
    package let elements: [Element]
    /// Whether there are no others.
    package let isComplete: Bool

    /// Nothing could be told.
    package static var unknown: Known { Known([], isComplete: false) }

    /// States what is known.
    package init(_ elements: [Element], isComplete: Bool = true) {
        self.elements = elements
        self.isComplete = isComplete
    }
}

/// The labels of one resource that count in decisions.
package struct ResourceLabels: Hashable, Sendable {
    /// How confidential it is.
    package let confidentiality: Confidentiality
    /// Why it is sensitive, sorted; empty when nothing says so.
    package let sensitivities: [SensitivityCode]

    /// States the labels; the sensitivities may come in any order.
    package init(_ confidentiality: Confidentiality, _ sensitivities: some Sequence<SensitivityCode> = []) {
        self.confidentiality = confidentiality
        self.sensitivities = Set(sensitivities).sorted()
    }
}
