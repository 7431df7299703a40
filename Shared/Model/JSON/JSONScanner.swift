/// Finds the bytes of parts of a document, so that they can be stored as they came.
package enum JSONScanner {
    /// Returns the byte range of one member's object in every element of one array of the top-level
    /// object.
    ///
    /// For a FHIR Bundle, `arrayNamed: "entry", memberNamed: "resource"` gives the ranges of its
    /// resources in their order. An entry without that member (a deletion) gives no range; a document
    /// without the array gives none. The whole document is held against the same grammar and limits as
    /// by `JSONValue(parsing:)`.
    ///
    /// - Throws: `JSONError`; `.unexpectedShape` where document, array, element or member is of another
    ///   kind.
    package static func elements(
        of bytes: [UInt8], arrayNamed arrayName: String, memberNamed memberName: String,
        limits: JSONLimits = .standard
    ) throws(JSONError) -> [Range<Int>] {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> [Range<Int>] in
            var ranges: [Range<Int>] = []
            var parser = JSONParser(bytes: buffer, limits: limits)
            try parser.document { (parser) throws(JSONError) in
                try parser.readObject { (parser, name) throws(JSONError) in
                    guard sameCodeUnits(name, arrayName) else { return try skip(&parser) }
                    try parser.readArray { (parser) throws(JSONError) in
                        if let range = try member(memberName, in: &parser) { ranges.append(range) }
                    }
                }
            }
            return ranges
        }
    }

    private static func member(
        _ wanted: String, in parser: inout JSONParser
    ) throws(JSONError) -> Range<Int>? {
        var range: Range<Int>?
        try parser.readObject { (parser, name) throws(JSONError) in
            guard sameCodeUnits(name, wanted) else { return try skip(&parser) }
            guard try parser.peek() == UInt8(ascii: "{") else { throw parser.fault(.unexpectedShape) }
            let start = parser.position
            try skip(&parser)
            range = start..<parser.position
        }
        return range
    }

    /// Reads a value for its grammar alone.
    private static func skip(_ parser: inout JSONParser) throws(JSONError) {
        _ = try parser.value()
    }
}
