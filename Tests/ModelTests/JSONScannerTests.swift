import Model
import TestSupport
import Testing

@Suite struct JSONScannerTests {
    @Test(
        .enabled(if: Corpora.isPresent, "corpora/synthea is absent"),
        arguments: Corpora.names(in: "synthea"))
    func splitsABundleByteForByte(_ name: String) throws {
        let bytes = try Corpora.bytes(of: "synthea/\(name)")
        let entries = try JSONValue(parsing: bytes)["entry"]?.array ?? []
        let ranges = try JSONScanner.elements(of: bytes, arrayNamed: "entry", memberNamed: "resource")
        #expect(!ranges.isEmpty)
        #expect(ranges.count == entries.count)
        for (range, entry) in zip(ranges, entries) {
            // A strict parse refuses bytes after the value; the two brackets exclude white space around
            // it.
            let slice = Array(bytes[range])
            let isWhole = slice.first == UInt8(ascii: "{") && slice.last == UInt8(ascii: "}")
            guard isWhole, try JSONValue(parsing: slice) == entry["resource"] else {
                Issue.record("range \(range) is not one resource")
                return
            }
        }
    }

    @Test func keepsWhatCanonicalFormsWouldChange() throws {
        let resource = "{ \"resourceType\":\"Observation\",\n \"v\": 1.50, \"s\":\"\\u0041}\" }"
        let text = "{\"resource\":{},\"entry\":[{\"resource\" :\t\(resource) },{\"fullUrl\":\"x\"}],\"z\":[]}"
        let bytes = Array(text.utf8)
        let ranges = try JSONScanner.elements(of: bytes, arrayNamed: "entry", memberNamed: "resource")
        let slices = ranges.map { String(decoding: bytes[$0], as: UTF8.self) }
        #expect(slices == [resource])
    }

    static let refused: [(String, JSONError.Code)] = [
        ("[]", .unexpectedShape), ("{\"entry\":{}}", .unexpectedShape), ("{\"entry\":[1]}", .unexpectedShape),
        ("{\"entry\":[{\"resource\":[]}]}", .unexpectedShape), ("{\"entry\":[]} x", .trailingBytes),
        ("{\"entry\":[],\"entry\":[]}", .duplicateName), ("{\"a\":01,\"entry\":[]}", .invalidNumber),
        ("{\"entry\":[{\"resource\":{\"a\":1,\"a\":1}}]}", .duplicateName), ("", .unexpectedEnd),
        ("{\"entry\":[{\"resource\":{\"a\":\"\\ud800\"}}]}", .loneSurrogate),
        ("{\"entry\":[{\"resource\":{},\"resource\":{}}]}", .duplicateName),
    ]

    @Test(arguments: refused)
    func holdsTheWholeDocumentAgainstTheGrammar(_ text: String, _ code: JSONError.Code) {
        let error = #expect(throws: JSONError.self) {
            try JSONScanner.elements(of: Array(text.utf8), arrayNamed: "entry", memberNamed: "resource")
        }
        #expect(error?.code == code)
    }

    @Test func countsNestingAsTheParserDoes() throws {
        let deepest = String(repeating: "[", count: 61) + String(repeating: "]", count: 61)
        let good = "{\"entry\":[{\"resource\":{\"a\":\(deepest.dropFirst().dropLast())}}]}"
        let bad = "{\"entry\":[{\"resource\":{\"a\":\(deepest)}}]}"
        let ranges = try JSONScanner.elements(
            of: Array(good.utf8), arrayNamed: "entry", memberNamed: "resource")
        #expect(ranges.count == 1)
        let error = #expect(throws: JSONError.self) {
            try JSONScanner.elements(of: Array(bad.utf8), arrayNamed: "entry", memberNamed: "resource")
        }
        #expect(error?.code == .tooDeep)
    }

    @Test(.enabled(if: Corpora.isPresent, "corpora/synthea is absent"))
    func readsALargeBundleWithinASecondEvenUnoptimised() throws {
        let bytes = try Corpora.bytes(of: "synthea/Burton_Kozey.json")
        let clock = ContinuousClock()
        // The best of three, because other work shares the machine.
        let best = try (0..<3).map { _ in
            try clock.measure { _ = try JSONValue(parsing: bytes) }
        }.min()
        #expect(try #require(best) < .seconds(1))
    }
}
