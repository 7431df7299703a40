/// Which resources a provision is about: a conjunction of elements, each empty where it is not stated.
package struct DataScope: Hashable, Sendable {
    /// When the data are from, by their clinical date.
    package let dataPeriod: Interval?
    /// Resources named, or related to or written by something named; any of which matches.
    package let data: [DataReference]
    /// Codes of confidentiality; a permit covers the highest of them and what is below, a deny the lowest
    /// and what is above.
    package let confidentialities: [Confidentiality]
    /// Sensitivities; a permit covers resources that have one of them and none besides, a deny those that
    /// have any.
    package let sensitivities: [SensitivityCode]
    /// Resource types, any of which matches.
    package let classes: [String]
    /// Codes, any of which matches.
    package let codes: [Coding]

    /// States a scope; without arguments it is about every resource.
    package init(
        dataPeriod: Interval? = nil, data: [DataReference] = [], confidentialities: [Confidentiality] = [],
        sensitivities: [SensitivityCode] = [], classes: [String] = [], codes: [Coding] = []
    ) {
        self.dataPeriod = dataPeriod
        self.data = data
        self.confidentialities = confidentialities
        self.sensitivities = sensitivities
        self.classes = classes
        self.codes = codes
    }

    /// Whether it is about every resource.
    package var isEverything: Bool {
        dataPeriod == nil && data.isEmpty && confidentialities.isEmpty && sensitivities.isEmpty
            && classes.isEmpty && codes.isEmpty
    }
}

/// A resource that a provision names, and in which sense.
package struct DataReference: Hashable, Sendable {
    /// How resources stand to the one that is named.
    package enum Meaning: String, Hashable, Sendable, CaseIterable {
        /// The resource itself.
        case instance
        /// The Encounter, EpisodeOfCare or CarePlan and what refers to it directly.
        case related
        /// What the named person or organisation wrote.
        case authoredBy = "authoredby"
    }

    /// In which sense.
    package let meaning: Meaning
    /// What is named, such as `Encounter/1`.
    package let reference: String

    /// Names a resource.
    package init(_ meaning: Meaning, _ reference: String) {
        self.meaning = meaning
        self.reference = reference
    }
}
