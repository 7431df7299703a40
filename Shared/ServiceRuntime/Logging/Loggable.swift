import NIOCore

/// An error whose text was written for the log: no secrets, no names of people, no payloads.
///
/// Of all other errors the log shows only the type, because their text may repeat what a caller sent.
package protocol Loggable: Error {
    /// One line for an operator, lower case, that says what to do next.
    var logDescription: String { get }
}

extension ConfigurationError: Loggable {
    /// The description, which repeats values only of variables that hold no secrets.
    package var logDescription: String { description }
}

/// Decides how much of an error may be written to the log.
enum ErrorText {
    /// The name of the error's type.
    static func type(of error: any Error) -> String { String(reflecting: Swift.type(of: error)) }

    /// The error's text if it was written for the log, or comes from the operating system.
    static func safe(_ error: any Error) -> String? {
        switch error {
        case let loggable as any Loggable: loggable.logDescription
        case let fault as IOError: fault.description
        default: nil
        }
    }
}
