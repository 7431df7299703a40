/// One published step of a schema; its text never changes afterwards.
package struct Migration: Sendable {
    /// The number after `V`, from 1 on.
    package let version: Int
    /// The words between the version and `.sql`.
    package let name: String
    /// The statements, run in one transaction.
    package let sql: String

    /// Reads a file named like `V0001__outbox.sql`; any other name, or text that is not UTF-8, traps.
    ///
    /// Files are embedded when the program is built, so a bad one is a defect of the program.
    package init(fileName: String, bytes: [UInt8]) {
        guard fileName.hasPrefix("V"), fileName.hasSuffix(".sql"),
            let separator = fileName.range(ofFirst: "__"),
            let version = Int(fileName[fileName.index(after: fileName.startIndex)..<separator.lowerBound]),
            version > 0, let sql = String(validating: bytes, as: UTF8.self)
        else { fatalError("a migration is UTF-8 and named like `V0001__outbox.sql`, not `\(fileName)`") }
        self.version = version
        name = String(fileName[separator.upperBound...].dropLast(4))
        self.sql = sql
    }
}

extension String {
    fileprivate func range(ofFirst separator: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(separator) {
                return start..<index(start, offsetBy: separator.count)
            }
            start = index(after: start)
        }
        return nil
    }
}
