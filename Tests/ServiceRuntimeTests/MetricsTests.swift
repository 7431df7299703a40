import ServiceRuntime
import Testing

/// Returns the lines that the text exposition format 0.0.4 does not allow.
func malformedMetricLines(_ text: String) -> [Substring] {
    let comment = #/# (HELP [a-zA-Z_]\w* .*|TYPE [a-zA-Z_]\w* (counter|gauge|histogram))/#
    let label = #"[a-zA-Z_]\w*="([^"\\\n]|\\["\\n])*""#
    let sample = try? Regex(#"[a-zA-Z_]\w*(\{\#(label)(,\#(label))*\})? ([-+]?[0-9.e+-]+|\+Inf|-Inf|NaN)"#)
    return text.split(separator: "\n").filter { line in
        guard let sample else { return true }
        return line.wholeMatch(of: comment) == nil && line.wholeMatch(of: sample) == nil
    }
}

@Suite struct MetricsTests {
    @Test func rendersEachKind() {
        let metrics = Metrics()
        let counter = metrics.counter("test_total", help: "A \\ and\na line.", labels: ["kind", "text"])
        counter.increment("a", "quote \" slash \\ line\n")
        counter.increment(by: 2.5, "a", "x")
        metrics.gauge("test_lag", help: "Lag.").set(-3)
        metrics.gauge("test_read", help: "Read.") { 7 }
        metrics.gauge("test_absent", help: "Absent.") { nil }
        let histogram = metrics.histogram("test_seconds", help: "Time.", buckets: [0.1, 1])
        for value in [0.05, 0.1, 0.5, 3] { histogram.observe(value) }
        let text = metrics.render()
        let expected = [
            #"# HELP test_total A \\ and\na line."#, "# TYPE test_total counter",
            #"test_total{kind="a",text="quote \" slash \\ line\n"} 1"#,
            #"test_total{kind="a",text="x"} 2.5"#, "test_lag -3", "test_read 7",
            #"test_seconds_bucket{le="0.1"} 2"#, #"test_seconds_bucket{le="1"} 3"#,
            #"test_seconds_bucket{le="+Inf"} 4"#, "test_seconds_sum 3.65", "test_seconds_count 4",
        ]
        let lines = Set(text.split(separator: "\n").map(String.init))
        #expect(expected.filter { !lines.contains($0) }.isEmpty)
        #expect(malformedMetricLines(text).isEmpty)
        #expect(!text.contains("test_absent"))
        #expect(text.contains("process_resident_memory_bytes "))
    }

    @Test func theSameMetricIsRegisteredOnce() {
        let metrics = Metrics()
        metrics.counter("test_total", help: "Help.").increment()
        metrics.counter("test_total", help: "Help.").increment()
        let text = metrics.render()
        #expect(text.contains("test_total 2"))
        #expect(text.matches(of: #/# TYPE test_total/#).count == 1)
    }

    @Test func seriesAboveTheLimitAreCountedTogether() {
        let metrics = Metrics()
        let counter = metrics.counter("test_total", help: "Help.", labels: ["caller"])
        for caller in 0..<1_005 { counter.increment("caller \(caller)") }
        #expect(metrics.render().contains(#"test_total{caller="other"} 5"#))
    }
}
