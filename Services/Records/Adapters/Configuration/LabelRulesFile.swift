import ConsentEngine
import Cryptography
import Model
import ServiceRuntime

/// The rules by which records are labelled: the standard ones, or those of a file of the operator.
enum LabelRulesFile {
    private static let variable = "CONSENTRY_LABEL_RULES"

    /// Reads the file that the environment names.
    ///
    /// - Throws: `ConfigurationError` when it cannot be read or a rule is of a wrong form.
    static func read(_ environment: Environment) throws(ConfigurationError) -> LabelRules {
        guard environment.optional(variable) != nil else { return .standard }
        let bytes = try environment.fileContents(pathVariable: variable)
        do {
            return try LabelRules(json: JSONValue(parsing: bytes))
        } catch {
            throw ConfigurationError(
                variable: variable, reason: "names a file of rules that cannot be used: \(error)")
        }
    }

    /// Names a set of rules by its version and its content, so that what it hid can be repeated.
    static func identifier(of rules: LabelRules) -> String {
        "\(rules.version)#\(SHA256.hash(rules.canonical().encoded()).hex)"
    }
}
