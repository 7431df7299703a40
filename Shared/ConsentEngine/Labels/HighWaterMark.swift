package import Model

/// The labels of a Bundle: the highest confidentiality and all sensitivities of what it holds (DS4P).
package struct HighWaterMark: Hashable, Sendable {
    /// One confidentiality, then the sensitivities in byte order, each with the rules that gave it.
    package let marks: [LabelMark]

    /// The same without where it comes from.
    package var labels: ResourceLabels { ResourceLabels(marks: marks) }

    /// Joins the labels of resources.
    ///
    /// One whose labels cannot be told counts as restricted (R) at least: the mark is for the handling of
    /// what is handed over, where too low a mark does harm. An empty Bundle is normal (N), the mark of a
    /// resource to which no rule answers, so that it tells nothing about what was held back.
    package init(of resources: some Sequence<LabelledResource>) {
        var highest: Confidentiality?
        var marks: [LabelMark.Label: (isStated: Bool, sources: Set<LabelMark.Source>)] = [:]
        for resource in resources {
            let least = resource.undetermined.isEmpty ? .unrestricted : Confidentiality.restricted
            let own = max(resource.known.confidentiality, least)
            highest = max(highest ?? own, own)
            for mark in resource.marks {
                let before = marks[mark.label]
                marks[mark.label] = (
                    mark.isStated || before?.isStated ?? false,
                    (before?.sources ?? []).union(mark.sources)
                )
            }
        }
        let confidentiality = LabelMark.Label.confidentiality(highest ?? .normal)
        let sensitivities = ResourceLabels(marks: marks.keys.map { Self.mark($0, marks) }).sensitivities
        self.marks =
            [Self.mark(confidentiality, marks)]
            + sensitivities.map { Self.mark(.sensitivity($0), marks) }
    }

    private static func mark(
        _ label: LabelMark.Label,
        _ known: [LabelMark.Label: (isStated: Bool, sources: Set<LabelMark.Source>)]
    ) -> LabelMark {
        LabelMark(
            label: label, isStated: known[label]?.isStated ?? false,
            sources: (known[label]?.sources ?? []).sorted {
                $0.rule == $1.rule ? $0.basis < $1.basis : precedes($0.rule, $1.rule)
            })
    }

    /// The marks as FHIR's `meta.security`.
    package var security: JSONValue { marks.security }
}

extension LabelledResource {
    /// What is known of the labels as FHIR's `meta.security`.
    package var security: JSONValue { marks.security }
}

extension [LabelMark] {
    /// SPEC DS4P 1.0 sec-label-basis: one Coding a label and policy, since the extension occurs once in a
    /// Coding at most; a label that no rule gave has none.
    fileprivate var security: JSONValue {
        .array(
            flatMap { mark in
                let bases = Set(mark.sources.map(\.basis)).sorted()
                return bases.isEmpty ? [mark.label.coding(nil)] : bases.map { mark.label.coding($0) }
            })
    }
}

extension LabelMark.Label {
    /// The extension that names the policy or law for which a label was set.
    private static let basisExtension =
        "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-sec-label-basis"

    fileprivate func coding(_ basis: Coding?) -> JSONValue {
        let (system, code, display) =
            switch self {
            case .confidentiality(let value): (Confidentiality.system, value.code, value.display)
            case .sensitivity(let value): (SensitivityCode.system, value.code, value.display)
            }
        var members: [JSONMember] = []
        if let basis {
            let value: JSONValue = ["system": .string(basis.system), "code": .string(basis.code)]
            members.append(
                JSONMember(
                    name: "extension", value: [["url": .string(Self.basisExtension), "valueCoding": value]]))
        }
        members += [
            JSONMember(name: "system", value: .string(system)),
            JSONMember(name: "code", value: .string(code)),
            JSONMember(name: "display", value: .string(display)),
        ]
        return .object(members)
    }
}
