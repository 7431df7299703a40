/// The metrics of the HTTP server, labelled by route template and never by path.
struct HTTPMetrics: Sendable {
    let requests: Metrics.Counter
    let seconds: Metrics.Histogram

    init(_ metrics: Metrics, gate: RequestGate) {
        requests = metrics.counter(
            "http_requests_total", help: "Requests answered, by route template, method and status.",
            labels: ["route", "method", "status"])
        seconds = metrics.histogram(
            "http_request_duration_seconds",
            help: "Time from the head of a request to its answer, by route template.",
            labels: ["route"])
        metrics.gauge("http_requests_running", help: "Requests that run at the moment.") {
            Double(gate.count)
        }
    }
}
