import Synchronization

/// A registry of counters, gauges and histograms, written out in the Prometheus text format 0.0.4.
///
/// A label value is never a personal id, a path or a text a caller chose: series live as long as the
/// process and are read by people who may not know about participants.
package final class Metrics: Sendable {
    /// Label combinations that one metric keeps apart; all further ones are counted together under
    /// `other`.
    static let seriesMax = 1_000

    private let families = Mutex<[String: any MetricFamily]>([:])

    /// Makes a registry that already reports the process itself.
    package init() { ProcessMetrics.register(in: self) }

    /// Registers a counter, or returns the one of that name.
    ///
    /// - Parameter name: ends in `_total`; registering it again with other labels or as another kind
    ///   traps.
    package func counter(_ name: String, help: String, labels: [String] = []) -> Counter {
        register(MetricDescription(name: name, help: help, labels: labels)) { Counter($0) }
    }

    /// Registers a counter whose value is read at each scrape.
    ///
    /// - Parameter read: quick and without waiting; nil leaves the metric out.
    package func counter(_ name: String, help: String, read: @escaping @Sendable () -> Double?) {
        _ = register(MetricDescription(name: name, help: help, labels: [])) {
            ObservedMetric($0, kind: "counter", read: read)
        }
    }

    /// Registers a gauge, or returns the one of that name.
    package func gauge(_ name: String, help: String, labels: [String] = []) -> Gauge {
        register(MetricDescription(name: name, help: help, labels: labels)) { Gauge($0) }
    }

    /// Registers a gauge whose value is read at each scrape.
    ///
    /// - Parameter read: quick and without waiting; nil leaves the metric out.
    package func gauge(_ name: String, help: String, read: @escaping @Sendable () -> Double?) {
        _ = register(MetricDescription(name: name, help: help, labels: [])) {
            ObservedMetric($0, kind: "gauge", read: read)
        }
    }

    /// Registers a histogram, or returns the one of that name.
    ///
    /// - Parameter buckets: upper bounds in rising order, without infinity.
    package func histogram(
        _ name: String, help: String, labels: [String] = [], buckets: [Double] = Histogram.secondsBuckets
    ) -> Histogram {
        register(MetricDescription(name: name, help: help, labels: labels)) {
            Histogram($0, buckets: buckets)
        }
    }

    /// Returns all metrics by name in the text exposition format.
    package func render() -> String {
        let sorted = families.withLock { families in
            families.values.sorted { $0.description.name < $1.description.name }
        }
        var text = ""
        for family in sorted { family.render(into: &text) }
        return text
    }

    /// The media type of ``render()``.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private func register<Family: MetricFamily>(
        _ description: MetricDescription, make: (MetricDescription) -> Family
    ) -> Family {
        families.withLock { families in
            guard let registered = families[description.name] else {
                let family = make(description)
                families[description.name] = family
                return family
            }
            guard let family = registered as? Family, family.description == description else {
                preconditionFailure("metric \(description.name) is already registered in another form")
            }
            return family
        }
    }
}
