/// The Prometheus text exposition format, version 0.0.4.
extension String {
    /// Appends the `HELP` and `TYPE` lines of a metric.
    mutating func appendHeader(of metric: MetricDescription, kind: String) {
        let help = metric.help.escaped(["\\": "\\\\", "\n": "\\n"])
        append("# HELP \(metric.name) \(help)\n# TYPE \(metric.name) \(kind)\n")
    }

    /// Appends one sample line.
    mutating func appendSample(_ name: String, _ labels: [String], _ labelValues: [String], _ value: Double) {
        append(name)
        if !labels.isEmpty {
            let pairs = zip(labels, labelValues).map { label, text in
                "\(label)=\"\(text.escaped(["\\": "\\\\", "\n": "\\n", "\"": "\\\""]))\""
            }
            append("{\(pairs.joined(separator: ","))}")
        }
        append(" \(value.metricText)\n")
    }

    private func escaped(_ escapes: [Unicode.Scalar: String]) -> String {
        unicodeScalars.reduce(into: "") { text, scalar in
            if let escape = escapes[scalar] { text += escape } else { text.unicodeScalars.append(scalar) }
        }
    }
}

extension Double {
    /// The number as Prometheus reads it: whole numbers without a fraction, `+Inf`, `-Inf` and `NaN`.
    var metricText: String {
        if isNaN { return "NaN" }
        if isInfinite { return self > 0 ? "+Inf" : "-Inf" }
        return Int64(exactly: self).map { String($0) } ?? description
    }
}
