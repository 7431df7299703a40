package import Model

/// Says why a document is no set of rules, and in which rule.
package enum LabelRulesRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// A member is missing or of another kind.
    case malformed(path: String)
    /// Two rules have the same name.
    case duplicateRule(String)
    /// A rule states no label.
    case noLabel(rule: String)
    /// A basis, label or code of a rule is no coding that could be compared.
    case notACoding(rule: String, path: String)
    /// A confidence is no number from 0 to 1.
    case badConfidence(rule: String, path: String)
    /// There is more than is read.
    case tooMany(path: String, limit: Int)

    /// What is wrong and what to do.
    package var description: String {
        switch self {
        case .malformed(let path): "label rules are malformed at `\(path)`; compare with the schema"
        case .duplicateRule(let rule): "rule `\(rule)` is stated twice; join the two"
        case .noLabel(let rule): "rule `\(rule)` states no label; name a sensitivity"
        case .notACoding(let rule, let path):
            "rule `\(rule)` has no system and code at `\(path)`; state both in printable ASCII without spaces"
        case .badConfidence(let rule, let path):
            "rule `\(rule)` has a confidence at `\(path)` that is not from 0 to 1; correct it"
        case .tooMany(let path, let limit): "more than `\(limit)` entries at `\(path)`; split the set"
        }
    }
}

extension LabelRules {
    /// Far more rules than there are sensitivities.
    package static let ruleCountMax = 1_024
    /// Some seventy times what the public set of the test material holds (2,909); bounds memory.
    package static let codeCountMax = 200_000

    /// Reads a set of rules.
    ///
    /// Members: `name`, `version` or else `updated_at`, `rules[]` with `id`, `basis` (a Coding), `labels[]`
    /// (Codings of v3-ActCode and v3-Confidentiality) and `codeSets[].codes[]` (`system`, `code` and
    /// `confidence` from 0 to 1, 1 if it is not stated); others are passed over. A code that occurs twice in
    /// a rule has the higher confidence. A rule without confidentiality makes restricted (R), one with
    /// several the highest.
    ///
    /// A label that is unknown does not refuse the whole set, since then nothing would be labelled at all,
    /// and does not drop the rule, since then what it was to protect would pass as normal: see
    /// `LabelRulesProblem`.
    /// - Throws: `LabelRulesRefusal` for what could not be compared or whose meaning is not certain.
    package init(
        json: JSONValue, confidencePercentMin: Int = Self.confidencePercentStandard
    ) throws(LabelRulesRefusal) {
        guard let name = Self.line(json["name"]) else { throw .malformed(path: "name") }
        guard let version = Self.line(json["version"] ?? json["updated_at"]) else {
            throw .malformed(path: "version")
        }
        guard let items = json["rules"]?.array else { throw .malformed(path: "rules") }
        guard items.count <= Self.ruleCountMax else {
            throw .tooMany(path: "rules", limit: Self.ruleCountMax)
        }
        var rules: [LabelRule] = []
        var ids: Set<String> = []
        var codeCount = 0
        for (index, item) in items.enumerated() {
            guard let id = Self.line(item["id"]) else { throw .malformed(path: "rules[\(index)].id") }
            guard ids.insert(id).inserted else { throw .duplicateRule(id) }
            let reader = LabelRuleReader(id: id, percentMin: confidencePercentMin)
            rules.append(try reader.rule(item, codeCount: &codeCount))
        }
        self.init(
            version: "\(name) \(version)", confidencePercentMin: confidencePercentMin, rules: rules)
    }

    /// Returns a text of one line in printable ASCII; nil for anything else.
    private static func line(_ value: JSONValue?) -> String? {
        guard let text = value?.string, (1...200).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { return nil }
        return text
    }
}

/// Reads one rule.
private struct LabelRuleReader {
    let id: String
    let percentMin: Int

    func rule(_ item: JSONValue, codeCount: inout Int) throws(LabelRulesRefusal) -> LabelRule {
        let basis = try coding(item["basis"] ?? .null, path: "basis")
        guard let labels = item["labels"]?.array, !labels.isEmpty else { throw .noLabel(rule: id) }
        var confidentialities: [Confidentiality] = []
        var sensitivities: [SensitivityCode] = []
        var unknown: [Coding] = []
        for (index, label) in labels.enumerated() {
            let label = try coding(label, path: "labels[\(index)]")
            if label.system == Confidentiality.system, let known = Confidentiality(code: label.code) {
                confidentialities.append(known)
            } else if label.system == SensitivityCode.system, let known = SensitivityCode(code: label.code) {
                sensitivities.append(known)
            } else {
                unknown.append(label)
            }
        }
        return LabelRule(
            id: id, basis: basis, confidentiality: confidentialities.max() ?? .restricted,
            sensitivities: sensitivities, unknownLabels: unknown, codes: try codes(item, &codeCount))
    }

    private func codes(_ item: JSONValue, _ codeCount: inout Int) throws(LabelRulesRefusal) -> [Coding] {
        guard let sets = item["codeSets"]?.array else { throw .malformed(path: "\(id).codeSets") }
        var codes: [Coding] = []
        for (setIndex, set) in sets.enumerated() {
            let path = "codeSets[\(setIndex)].codes"
            guard let elements = set["codes"]?.array else { throw .malformed(path: "\(id).\(path)") }
            codeCount += elements.count
            guard codeCount <= LabelRules.codeCountMax else {
                throw .tooMany(path: "\(id).\(path)", limit: LabelRules.codeCountMax)
            }
            for (index, element) in elements.enumerated() {
                let code = try coding(element, path: "\(path)[\(index)]")
                if try confidencePercent(element, path: "\(path)[\(index)]") >= Double(percentMin) {
                    codes.append(code)
                }
            }
        }
        return codes
    }

    private func coding(_ value: JSONValue, path: String) throws(LabelRulesRefusal) -> Coding {
        guard let system = value["system"]?.string, let code = value["code"]?.string,
            let coding = Coding(system: system, code: code)
        else { throw .notACoding(rule: id, path: path) }
        return coding
    }

    private func confidencePercent(_ value: JSONValue, path: String) throws(LabelRulesRefusal) -> Double {
        guard let stated = value["confidence"] else { return 100 }
        guard let confidence = stated.number?.double, (0...1).contains(confidence) else {
            throw .badConfidence(rule: id, path: path)
        }
        return confidence * 100
    }
}
