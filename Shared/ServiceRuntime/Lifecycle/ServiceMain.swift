import Glibc
import Logging

/// The outermost frame of a service's `main`.
package enum ServiceMain {
    /// Exit code for a configuration error (`EX_CONFIG` of sysexits.h).
    package static let configurationExitCode: Int32 = 78
    /// Exit code for any other fault.
    package static let faultExitCode: Int32 = 1

    /// Runs a service; a fault becomes one log line and a non-zero exit code.
    package static func run(_ name: String, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            // Logging may not be set up yet: the configuration that says how is what most often fails.
            let logger = Logger(label: name) { label in
                JSONLogHandler(label: label, service: name, level: .info)
            }
            logger.critical("the service ended", metadata: ["cause": .string(description(of: error))])
            exit(error is ConfigurationError ? configurationExitCode : faultExitCode)
        }
    }

    private static func description(of error: any Error) -> String {
        if let text = ErrorText.safe(error) { return text }
        // No request is behind a fault out here, so a text that an error's author gave it may be shown.
        let own = type(of: error) is any CustomStringConvertible.Type ? ": \(error)" : ""
        return ErrorText.type(of: error) + own
    }
}
