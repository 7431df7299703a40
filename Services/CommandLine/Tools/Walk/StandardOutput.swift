import Glibc

/// The terminal or pipe that a person or a program reads while a command runs.
enum StandardOutput {
    /// Hands over what was printed, so that a pipe shows each line when it happens.
    static func flush() { fflush(nil) }
}
