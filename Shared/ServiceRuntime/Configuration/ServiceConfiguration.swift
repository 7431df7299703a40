package import Logging

/// What every service is told from outside: where it listens, how much it logs and its limits.
package struct ServiceConfiguration: Sendable {
    /// The service's own name, as in `identity`.
    package let name: String
    /// The address to listen on, from `HTTP_HOST`.
    package let host: String
    /// The port to listen on, from `HTTP_PORT`; 0 lets the system choose one.
    package let port: Int
    /// The least level that is logged, from `LOG_LEVEL`.
    package let logLevel: Logger.Level
    /// The server's limits; `HTTP_REQUESTS_MAX` sets how many requests run at once.
    package let limits: ServiceLimits

    /// Reads the configuration of a service.
    ///
    /// - Throws: ``ConfigurationError`` that names the first variable at fault.
    package init(
        name: String, defaultPort: Int, environment: Environment
    ) throws(ConfigurationError) {
        self.name = name
        host = try environment.string("HTTP_HOST", default: "127.0.0.1")
        port = try environment.int("HTTP_PORT", default: defaultPort, in: 0...65_535)
        logLevel = try environment.choice("LOG_LEVEL", default: .info)
        var limits = ServiceLimits()
        limits.concurrentRequestMax = try environment.int(
            "HTTP_REQUESTS_MAX", default: limits.concurrentRequestMax, in: 1...65_536)
        self.limits = limits
    }
}
