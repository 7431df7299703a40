/// Which part of an inbox a patient asks for.
package struct InboxQuery: Hashable, Sendable {
    /// Notices of a page unless the request says otherwise.
    package static let countDefault = 50
    /// Notices of the largest page.
    package static let countMax = 100
    /// The longest wait for a first notice; below the time that a route may take.
    package static let waitSecondsMax = 10
    /// The parameters that the query may have.
    package static let parameterNames: Set<String> = ["after", "limit", "wait"]

    /// The number of the notice after which the page begins; 0 before the first.
    package let after: Int64
    /// The most notices of the page.
    package let count: Int
    /// How long to wait while there is none.
    package let waitSeconds: Int

    /// Reads the parameters; absent ones have their defaults.
    ///
    /// - Throws: `InboxQueryRefusal`.
    package init(after: String?, limit: String?, wait: String?) throws(InboxQueryRefusal) {
        guard let after = Self.number(after ?? "0", in: 0...Int64.max) else { throw .malformedCursor }
        guard let count = Self.number(limit ?? "\(Self.countDefault)", in: 1...Int64(Self.countMax)) else {
            throw .limitOutOfRange
        }
        guard let wait = Self.number(wait ?? "0", in: 0...Int64(Self.waitSecondsMax)) else {
            throw .waitOutOfRange
        }
        self.after = after
        self.count = Int(count)
        waitSeconds = Int(wait)
    }

    /// Reads a number in its one decimal form.
    private static func number(_ text: String, in range: ClosedRange<Int64>) -> Int64? {
        guard let number = Int64(text), String(number) == text, range.contains(number) else { return nil }
        return number
    }
}

/// Says why a query of an inbox is refused.
package enum InboxQueryRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The cursor is not one that a page returned.
    case malformedCursor
    /// The limit is no number from 1 to 100.
    case limitOutOfRange
    /// The wait is no number from 0 to 10.
    case waitOutOfRange

    /// The refusal in words, with what to do next.
    package var description: String {
        switch self {
        case .malformedCursor: "`after` is no cursor; take `next` of the page before, or leave it out"
        case .limitOutOfRange: "`limit` is no number from 1 to \(InboxQuery.countMax); correct it"
        case .waitOutOfRange:
            "`wait` is no number of seconds from 0 to \(InboxQuery.waitSecondsMax); correct it"
        }
    }
}
