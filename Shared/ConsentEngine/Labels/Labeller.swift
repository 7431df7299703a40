/// Gives a resource its labels by its codes, never lower than it states them itself.
package struct Labeller: Sendable {
    /// The rules.
    package let rules: LabelRules

    /// The code system of resource types, so that a rule can answer to a type, such as MolecularSequence.
    package static let typeSystem = "http://hl7.org/fhir/resource-types"

    /// Takes a set of rules.
    package init(rules: LabelRules) {
        self.rules = rules
    }

    /// Labels a resource by what was extracted from it, its type counting as a code.
    package func label(_ metadata: ResourceMetadata) -> LabelledResource {
        let type = Coding(system: Self.typeSystem, code: metadata.type)
        return label(
            codes: Known(
                metadata.codes.elements + [type].compactMap(\.self), isComplete: metadata.codes.isComplete),
            stated: metadata.statedLabels)
    }

    /// Labels a resource by its codes and what it states.
    ///
    /// The result is the high-water mark of both: the highest confidentiality, all sensitivities. Where
    /// nothing is stated and no rule answers it is normal (N); sensitivities stated alone make restricted
    /// (R). It is undetermined
    /// - where a rule with an unknown label answers, or a stated confidentiality could not be read;
    /// - where not all codes could be told and no confidentiality is stated: any other answer would be a
    ///   guess, and R without sensitivities would pass a denial of, say, HIV. Undetermined, it meets every
    ///   denial and no permit that names labels. With a stated confidentiality somebody who knew the content
    ///   has judged it.
    package func label(codes: Known<Coding>, stated: StatedLabels) -> LabelledResource {
        let matches = rules.matches(codes.elements)
        var reasons: [UndeterminedLabels] = []
        if !stated.isReadable { reasons.append(.unreadableStatement) }
        if !codes.isComplete && stated.confidentiality == nil { reasons.append(.incompleteCodes) }
        reasons += matches.filter { !$0.unknownLabels.isEmpty }.map { .unknownLabel(rule: $0.id) }
        // Who states why it is sensitive means that it is more than normal, as a rule that says no more does.
        let base = stated.confidentiality ?? (stated.sensitivities.isEmpty ? .normal : .restricted)
        let confidentiality = matches.map(\.confidentiality).reduce(base, max)
        let derived = Set(matches.flatMap(\.sensitivities))
        var marks = [
            LabelMark(
                label: .confidentiality(confidentiality), isStated: stated.confidentiality == confidentiality,
                rules: matches.filter { $0.confidentiality == confidentiality })
        ]
        marks += derived.union(stated.sensitivities).sorted().map { sensitivity in
            LabelMark(
                label: .sensitivity(sensitivity), isStated: stated.sensitivities.contains(sensitivity),
                rules: matches.filter { $0.sensitivities.contains(sensitivity) })
        }
        return LabelledResource(marks: marks, undetermined: reasons)
    }
}

/// Why the labels of a resource cannot be told.
package enum UndeterminedLabels: Hashable, Sendable {
    /// Not all of its codes could be told, and it states no confidentiality.
    case incompleteCodes
    /// It states a confidentiality that is no code of the order.
    case unreadableStatement
    /// A rule that answers states a label that is unknown.
    case unknownLabel(rule: String)
}

/// One label and where it comes from.
package struct LabelMark: Hashable, Sendable {
    /// A label of one of the two systems that count.
    package enum Label: Hashable, Sendable {
        /// How confidential.
        case confidentiality(Confidentiality)
        /// Why sensitive.
        case sensitivity(SensitivityCode)
    }

    /// A rule by its name and the policy or law for which it stands.
    package struct Source: Hashable, Sendable {
        /// The name of the rule.
        package let rule: String
        /// The policy or law.
        package let basis: Coding
    }

    /// The label.
    package let label: Label
    /// Whether the resource states it itself.
    package let isStated: Bool
    /// The rules that gave it, in byte order of their names. A label that is neither stated nor given by a
    /// rule is the normal confidentiality of what no rule answers to.
    package let sources: [Source]

    init(label: Label, isStated: Bool, rules: [LabelRule]) {
        self.init(
            label: label, isStated: isStated, sources: rules.map { Source(rule: $0.id, basis: $0.basis) })
    }

    init(label: Label, isStated: Bool, sources: [Source]) {
        self.label = label
        self.isStated = isStated
        self.sources = sources
    }
}

/// A resource's labels, with where each comes from.
package struct LabelledResource: Hashable, Sendable {
    /// What is known: one confidentiality, then the sensitivities in byte order.
    package let marks: [LabelMark]
    /// Why the labels cannot be told; empty when they can.
    package let undetermined: [UndeterminedLabels]

    /// The labels for decisions; nil when they cannot be told.
    package var labels: ResourceLabels? { undetermined.isEmpty ? known : nil }

    /// What is known at least, whether or not it is all.
    var known: ResourceLabels { ResourceLabels(marks: marks) }
}

extension ResourceLabels {
    /// Joins labels to their high-water mark; normal (N) where there are none.
    init(marks: [LabelMark]) {
        var confidentialities: [Confidentiality] = []
        var sensitivities: [SensitivityCode] = []
        for mark in marks {
            switch mark.label {
            case .confidentiality(let confidentiality): confidentialities.append(confidentiality)
            case .sensitivity(let sensitivity): sensitivities.append(sensitivity)
            }
        }
        self.init(confidentialities.max() ?? .normal, sensitivities)
    }
}
