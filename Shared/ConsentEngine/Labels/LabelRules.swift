package import Model

/// One rule of labelling: a resource with one of its codes has its labels.
package struct LabelRule: Hashable, Sendable {
    /// The name of the rule within its set.
    package let id: String
    /// The policy or law for which the rule stands, such as v3-ActCode's 42CFRPart2.
    package let basis: Coding
    /// How confidential the resource becomes at least.
    package let confidentiality: Confidentiality
    /// Why it is sensitive, sorted.
    package let sensitivities: [SensitivityCode]
    /// Labels that are no sensitivity of the compiled-in table, sorted: what the rule means cannot be told.
    package let unknownLabels: [Coding]
    /// The codes to which the rule answers, sorted.
    package let codes: [Coding]

    /// States a rule; a rule without confidentiality makes restricted (R). Labels and codes may come in any
    /// order and more than once.
    package init(
        id: String, basis: Coding, confidentiality: Confidentiality = .restricted,
        sensitivities: [SensitivityCode], unknownLabels: [Coding] = [], codes: [Coding]
    ) {
        self.id = id
        self.basis = basis
        self.confidentiality = confidentiality
        self.sensitivities = Set(sensitivities).sorted()
        self.unknownLabels = Set(unknownLabels).sorted()
        self.codes = Set(codes).sorted()
    }
}

/// What an operator should know about a set of rules that was taken.
package enum LabelRulesProblem: Hashable, Sendable, CustomStringConvertible {
    /// A label is no v3-ActCode sensitivity and no v3-Confidentiality code of the order. The rule stays: what
    /// it matches is undetermined, so that no consent that names labels lets it through.
    case unknownLabel(rule: String, label: Coding)
    /// No code of the rule is certain enough, so it never matches.
    case noCode(rule: String)

    /// The problem and what to do.
    package var description: String {
        switch self {
        case .unknownLabel(let rule, let label):
            "rule `\(rule)` states the unknown label `\(label)`; what it matches stays undetermined until the"
                + " label is a v3-ActCode sensitivity"
        case .noCode(let rule):
            "rule `\(rule)` has no code that is certain enough; add codes, lower the least confidence or"
                + " remove the rule"
        }
    }
}

/// A set of rules of labelling, ready to look codes up; the order in which rules and codes came does not
/// matter.
package struct LabelRules: Sendable {
    /// Which set this is, such as `Consentry standard 1`; printable ASCII.
    package let version: String
    /// The least confidence at which a code counted when the set was read, in percent.
    package let confidencePercentMin: Int
    /// The rules in byte order of their names.
    package let rules: [LabelRule]
    /// What an operator should know, in the order of the rules.
    package let problems: [LabelRulesProblem]
    private let indices: [Coding: [Int]]

    /// A code counts when it is at least as likely as not to be sensitive: one too many hides something from
    /// those whom a consent lets see the rest, one too few shows what a consent hides.
    package static let confidencePercentStandard = 50

    /// Takes rules with names of their own; the caller guarantees that no two are the same.
    package init(
        version: String, confidencePercentMin: Int = Self.confidencePercentStandard, rules: [LabelRule]
    ) {
        self.version = version
        self.confidencePercentMin = confidencePercentMin
        self.rules = rules.sorted { precedes($0.id, $1.id) }
        var indices: [Coding: [Int]] = [:]
        for (index, rule) in self.rules.enumerated() {
            for code in rule.codes { indices[code, default: []].append(index) }
        }
        self.indices = indices
        problems = self.rules.flatMap { rule in
            rule.unknownLabels.map { .unknownLabel(rule: rule.id, label: $0) }
                + (rule.codes.isEmpty ? [.noCode(rule: rule.id)] : [])
        }
    }

    /// Returns the rules that answer to one of these codes, in their order.
    package func matches(_ codes: some Sequence<Coding>) -> [LabelRule] {
        var found: Set<Int> = []
        for code in codes { found.formUnion(indices[code] ?? []) }
        return found.sorted().map { rules[$0] }
    }

    /// Returns the set in its canonical form, of which the caller takes the hash: all that has an effect,
    /// nothing else, rules and codes in byte order.
    package func canonical() -> JSONValue {
        [
            "confidencePercentMin": .number(JSONNumber(confidencePercentMin)),
            "rules": .array(rules.map(Self.canonical)),
            "version": .string(version),
        ]
    }

    private static func canonical(_ rule: LabelRule) -> JSONValue {
        let sensitivities = rule.sensitivities.map { JSONValue.string($0.code) }
        return [
            "basis": .string(rule.basis.description),
            "codes": .array(rule.codes.map { .string($0.description) }),
            "confidentiality": .string(rule.confidentiality.code),
            "id": .string(rule.id),
            "sensitivities": .array(sensitivities),
            "unknownLabels": .array(rule.unknownLabels.map { .string($0.description) }),
        ]
    }
}
