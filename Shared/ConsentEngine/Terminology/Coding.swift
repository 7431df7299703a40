/// A code with the system that defines it.
///
/// Both are printable ASCII, so that Unicode's canonical equivalence cannot make two different texts equal.
package struct Coding: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The URI of the code system.
    package let system: String
    /// The code.
    package let code: String

    /// Takes a system and a code; nil when the system is no absolute URI or either holds anything but
    /// printable ASCII without spaces and bars.
    package init?(system: String, code: String) {
        guard !code.isEmpty, system.utf8.contains(UInt8(ascii: ":")), Self.isPlain(system), Self.isPlain(code)
        else { return nil }
        self.system = system
        self.code = code
    }

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "|") }
    }

    /// `<system>|<code>`, the form of FHIR's token searches.
    package var description: String { "\(system)|\(code)" }

    /// Orders by system, then by code, byte by byte.
    package static func < (left: Coding, right: Coding) -> Bool {
        left.system == right.system
            ? precedes(left.code, right.code) : precedes(left.system, right.system)
    }
}
