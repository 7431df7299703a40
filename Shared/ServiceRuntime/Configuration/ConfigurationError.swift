/// A value from outside that the process cannot start with; ends the process with exit code 78
/// (`EX_CONFIG`).
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// The environment variable at fault.
    package let variable: String
    /// What is wrong and what to do next.
    package let reason: String

    /// Makes an error about one variable.
    package init(variable: String, reason: String) {
        self.variable = variable
        self.reason = reason
    }

    /// The variable in backticks, then the reason.
    package var description: String { "environment variable `\(variable)` \(reason)" }
}
