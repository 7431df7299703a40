import FoundationEssentials

/// The environment variables of a process, read through typed getters whose errors name the variable.
///
/// A variable that is set to the empty text counts as not set, since container tools cannot unset one.
package struct Environment: Sendable {
    private let values: [String: String]

    /// Makes an environment of given values.
    package init(_ values: [String: String]) { self.values = values }

    /// The variables this process was started with.
    package static var current: Environment { Environment(ProcessInfo.processInfo.environment) }

    /// Returns the value of a variable, or nil when it is not set.
    package func optional(_ name: String) -> String? {
        guard let value = values[name], !value.isEmpty else { return nil }
        return value
    }

    /// Returns the value of a variable, or the default when it is not set.
    ///
    /// - Throws: ``ConfigurationError`` when the value holds a control character, such as a forgotten
    ///   line end.
    package func string(_ name: String, default fallback: String) throws(ConfigurationError) -> String {
        try checked(name) ?? fallback
    }

    /// Returns the value of a variable that has no default.
    ///
    /// - Throws: ``ConfigurationError`` when it is not set or holds a control character.
    package func required(_ name: String) throws(ConfigurationError) -> String {
        guard let value = try checked(name) else {
            throw ConfigurationError(variable: name, reason: "is not set; set it and start again")
        }
        return value
    }

    /// Returns a whole number within a range, or the default when the variable is not set.
    ///
    /// - Throws: ``ConfigurationError`` when it is not a number or out of range.
    package func int(
        _ name: String, default fallback: Int, in range: ClosedRange<Int>
    ) throws(ConfigurationError) -> Int {
        guard let text = try checked(name) else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            throw ConfigurationError(
                variable: name,
                reason: "is `\(text)`; set a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// Returns `true` or `false`, or the default when the variable is not set.
    ///
    /// - Throws: ``ConfigurationError`` for any other word.
    package func bool(_ name: String, default fallback: Bool) throws(ConfigurationError) -> Bool {
        switch try checked(name) {
        case nil: return fallback
        case "true": return true
        case "false": return false
        case .some(let text):
            throw ConfigurationError(variable: name, reason: "is `\(text)`; set `true` or `false`")
        }
    }

    /// Returns one of the allowed words, or the default when the variable is not set.
    ///
    /// - Throws: ``ConfigurationError`` that lists the allowed words.
    package func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, default fallback: Choice
    ) throws(ConfigurationError) -> Choice where Choice.RawValue == String {
        guard let text = try checked(name) else { return fallback }
        guard let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            throw ConfigurationError(variable: name, reason: "is `\(text)`; set one of \(words)")
        }
        return choice
    }

    /// Returns the comma-separated parts of a variable without surrounding spaces, or the default when
    /// not set.
    ///
    /// - Throws: ``ConfigurationError`` when a part is empty.
    package func list(_ name: String, default fallback: [String]) throws(ConfigurationError) -> [String] {
        guard let text = try checked(name) else { return fallback }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            part.split(separator: " ").joined(separator: " ")
        }
        guard !parts.contains("") else {
            throw ConfigurationError(variable: name, reason: "has an empty part; remove the extra comma")
        }
        return parts
    }

    /// Returns an absolute URL of one of the schemes, without a slash at its end.
    ///
    /// The error never repeats the value, because a URL may carry a password.
    ///
    /// - Parameter fallback: the URL when the variable is not set; nil makes the variable required.
    /// - Throws: ``ConfigurationError`` when it is missing or is not `scheme://host…`.
    package func url(
        _ name: String, default fallback: String? = nil, schemes: [String] = ["http", "https"]
    ) throws(ConfigurationError) -> String {
        let given: String? = try checked(name)
        guard var text = given ?? fallback else {
            throw ConfigurationError(variable: name, reason: "is not set; set an absolute URL")
        }
        let scheme = schemes.first { text.hasPrefix("\($0)://") }
        let rest = scheme.map { text.dropFirst($0.count + 3) } ?? ""
        let host = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !host.isEmpty, !text.contains(" ") else {
            let forms = schemes.map { "\($0)://" }.joined(separator: " or ")
            throw ConfigurationError(
                variable: name, reason: "is not an absolute URL; begin with \(forms) and name a host")
        }
        while text.hasSuffix("/") { text.removeLast() }
        return text
    }

    /// Returns a path of the file system, as written.
    ///
    /// - Parameter fallback: the path when the variable is not set; nil makes the variable required.
    /// - Throws: ``ConfigurationError`` when it is missing.
    package func path(_ name: String, default fallback: String? = nil) throws(ConfigurationError) -> String {
        if let value = try checked(name) { return value }
        guard let fallback else {
            throw ConfigurationError(variable: name, reason: "is not set; set the path of a file or folder")
        }
        return fallback
    }

    /// The largest file that configuration is read from: keys, secrets and small lists are far below it.
    package static let fileBytesMax = 1_048_576

    /// Returns the bytes of the file that the variable names.
    ///
    /// - Throws: ``ConfigurationError`` when the variable is missing, or the file is unreadable, empty
    ///   or above ``fileBytesMax``.
    package func fileContents(pathVariable name: String) throws(ConfigurationError) -> [UInt8] {
        let path = try required(name)
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError(
                variable: name,
                reason: "names `\(path)`, which cannot be read; check the path and its permissions")
        }
        guard !data.isEmpty, data.count <= Self.fileBytesMax else {
            throw ConfigurationError(
                variable: name,
                reason:
                    "names `\(path)` of \(data.count) bytes; give a file of 1 to \(Self.fileBytesMax) bytes")
        }
        return Array(data)
    }

    private func checked(_ name: String) throws(ConfigurationError) -> String? {
        guard let value = optional(name) else { return nil }
        guard !value.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw ConfigurationError(
                variable: name, reason: "holds a control character; remove line ends and tabs from it")
        }
        return value
    }
}
