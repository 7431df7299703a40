import Synchronization

/// The name, help text and label names of one metric.
struct MetricDescription: Equatable, Sendable {
    let name: String
    let help: String
    let labels: [String]

    init(name: String, help: String, labels: [String]) {
        precondition(Self.isName(name), "a metric is named by ASCII letters, digits and `_`, not \(name)")
        precondition(labels.allSatisfy(Self.isName), "a label of \(name) is not a name")
        self.name = name
        self.help = help
        self.labels = labels
    }

    private static func isName(_ text: String) -> Bool {
        let isWord = text.utf8.allSatisfy { character in
            switch character {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isWord && text.utf8.first.map { $0 > UInt8(ascii: "9") } == true
    }
}

/// One metric with all its series.
protocol MetricFamily: Sendable {
    var description: MetricDescription { get }
    func render(into text: inout String)
}

/// The values of one metric by label values, bounded by ``Metrics/seriesMax``.
struct SeriesTable<Value> {
    private(set) var values: [[String]: Value] = [:]

    mutating func update(
        _ labels: [String], of metric: MetricDescription, initial: Value, _ body: (inout Value) -> Void
    ) {
        precondition(labels.count == metric.labels.count, "\(metric.name) has the labels \(metric.labels)")
        let isKept = values[labels] != nil || values.count < Metrics.seriesMax
        body(&values[isKept ? labels : metric.labels.map { _ in "other" }, default: initial])
    }

    /// The series in the order of their label values, so that two scrapes are easily compared.
    var sorted: [(labels: [String], value: Value)] {
        values.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key, $0.value) }
    }
}

extension Metrics {
    /// A number that only grows.
    package final class Counter: MetricFamily {
        let description: MetricDescription
        private let table = Mutex(SeriesTable<Double>())

        init(_ description: MetricDescription) {
            self.description = description
            // A counter without labels shows from the start, so that a rate over its first event is
            // right.
            if description.labels.isEmpty {
                table.withLock { $0.update([], of: description, initial: 0) { _ in } }
            }
        }

        /// Adds to the series with these label values, given in the order of the label names.
        package func increment(by amount: Double = 1, _ labels: String...) {
            precondition(amount >= 0, "counter \(description.name) cannot go down")
            table.withLock { $0.update(labels, of: description, initial: 0) { $0 += amount } }
        }

        func render(into text: inout String) {
            text.appendHeader(of: description, kind: "counter")
            for series in table.withLock({ $0.sorted }) {
                text.appendSample(description.name, description.labels, series.labels, series.value)
            }
        }
    }

    /// A number that goes up and down.
    package final class Gauge: MetricFamily {
        let description: MetricDescription
        private let table = Mutex(SeriesTable<Double>())

        init(_ description: MetricDescription) { self.description = description }

        /// Sets the series with these label values, given in the order of the label names.
        package func set(_ value: Double, _ labels: String...) {
            table.withLock { $0.update(labels, of: description, initial: 0) { $0 = value } }
        }

        /// Adds to the series with these label values; a negative amount takes away.
        package func add(_ amount: Double, _ labels: String...) {
            table.withLock { $0.update(labels, of: description, initial: 0) { $0 += amount } }
        }

        func render(into text: inout String) {
            text.appendHeader(of: description, kind: "gauge")
            for series in table.withLock({ $0.sorted }) {
                text.appendSample(description.name, description.labels, series.labels, series.value)
            }
        }
    }

    /// A distribution over fixed buckets.
    package final class Histogram: MetricFamily {
        /// Upper bounds for durations in seconds, from one millisecond to the default time-out of a
        /// route.
        package static let secondsBuckets = [
            0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
        ]

        private struct Distribution {
            var counts: [Int]
            var sum = 0.0
        }

        let description: MetricDescription
        private let buckets: [Double]
        private let table = Mutex(SeriesTable<Distribution>())

        init(_ description: MetricDescription, buckets: [Double]) {
            let isRising = zip(buckets, buckets.dropFirst()).allSatisfy { $0 < $1 }
            precondition(
                isRising && !description.labels.contains("le"), "buckets of \(description.name) must rise")
            self.description = description
            self.buckets = buckets
        }

        /// Counts a value in the series with these label values, given in the order of the label names.
        package func observe(_ value: Double, _ labels: String...) {
            let index = buckets.firstIndex { value <= $0 } ?? buckets.count
            let empty = Distribution(counts: Array(repeating: 0, count: buckets.count + 1))
            table.withLock { table in
                table.update(labels, of: description, initial: empty) { distribution in
                    distribution.counts[index] += 1
                    distribution.sum += value
                }
            }
        }

        func render(into text: inout String) {
            let name = description.name
            text.appendHeader(of: description, kind: "histogram")
            let bounds = buckets.map(\.metricText) + ["+Inf"]
            for series in table.withLock({ $0.sorted }) {
                var count = 0
                for (bound, bucketCount) in zip(bounds, series.value.counts) {
                    count += bucketCount
                    text.appendSample(
                        "\(name)_bucket", description.labels + ["le"], series.labels + [bound], Double(count))
                }
                text.appendSample("\(name)_sum", description.labels, series.labels, series.value.sum)
                text.appendSample("\(name)_count", description.labels, series.labels, Double(count))
            }
        }
    }
}

/// A metric without labels whose value is read at each scrape.
final class ObservedMetric: MetricFamily {
    let description: MetricDescription
    private let kind: String
    private let read: @Sendable () -> Double?

    init(_ description: MetricDescription, kind: String, read: @escaping @Sendable () -> Double?) {
        self.description = description
        self.kind = kind
        self.read = read
    }

    func render(into text: inout String) {
        guard let value = read() else { return }
        text.appendHeader(of: description, kind: kind)
        text.appendSample(description.name, [], [], value)
    }
}
