import Glibc
import Logging
import Model
import ServiceRuntime
import Testing

private struct NamedFault: Error { let patient = "Erika Mustermann" }

/// A pipe whose ends are closed at the end of the test.
private struct Pipe: ~Copyable {
    let reader: Int32
    let writer: Int32

    init() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        (reader, writer) = (ends[0], ends[1])
    }

    func readLines() -> [JSONValue?] {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        let count = max(0, read(reader, &buffer, buffer.count))
        return buffer[..<count].split(separator: UInt8(ascii: "\n")).map {
            try? JSONValue(parsing: Array($0))
        }
    }

    deinit {
        close(reader)
        close(writer)
    }
}

@Suite(.serialized) struct LoggingTests {
    private func makeLogger(_ pipe: borrowing Pipe) -> Logger {
        let sink = LogSink(fileDescriptor: pipe.writer)
        return Logger(label: "relay") {
            JSONLogHandler(label: $0, service: "consent", level: .info, sink: sink)
        }
    }

    @Test func aLineIsOneJSONObject() throws {
        let pipe = try Pipe()
        var logger = makeLogger(pipe)
        logger[metadataKey: "b"] = "own"
        let message = "line\none \"quoted\" \\ \u{1} tab\t é \u{2028}"
        logger.info("\(message)", metadata: ["list": ["1", "2"], "a": ["x": .stringConvertible(3)]])
        logger.debug("below the level")
        let lines = pipe.readLines()
        let line = try #require(lines.first ?? nil)
        let time = line["time"]?.string.flatMap { Timestamp($0) }
        let words = ["level", "service", "label", "message"].map { line[$0]?.string ?? "" }
        #expect(lines.count == 1)
        #expect(time != nil)
        #expect(words == ["info", "consent", "relay", message])
        #expect(line["metadata"] == ["a": ["x": "3"], "b": "own", "list": ["1", "2"]])
    }

    @Test func anErrorShowsItsTypeAndOnlyWrittenText() throws {
        let pipe = try Pipe()
        let logger = makeLogger(pipe)
        logger.error("failed", error: NamedFault())
        logger.error("failed", error: ConfigurationError(variable: "PORT", reason: "is not set"))
        let errors = pipe.readLines().map { $0?["error"]?.string ?? "" }
        #expect(errors.count == 2)
        #expect(errors[0].hasSuffix("NamedFault"))
        #expect(errors[1].hasSuffix("ConfigurationError: environment variable `PORT` is not set"))
    }

    @Test func aStalledReaderCostsLinesAndNoTime() throws {
        let pipe = try Pipe()
        let logger = makeLogger(pipe)
        let filler = String(repeating: "x", count: 8_000)
        let start = ContinuousClock.now
        for _ in 0..<200 { logger.info("\(filler)") }
        let duration = ContinuousClock.now - start
        #expect(duration < .seconds(2))
        let kept = pipe.readLines()
        logger.info("after")
        let after = try #require(pipe.readLines().compactMap { $0 }.last)
        let dropped = after["droppedLineCount"]?.int64 ?? 0
        let readable = kept.compactMap { $0 }.count
        #expect(readable > 0)
        #expect(dropped == Int64(200 - readable))
    }
}
