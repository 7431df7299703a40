/// The bounds of one HTTP server; every default has room for the suite on one machine.
package struct ServiceLimits: Sendable {
    /// Requests that run at once, without `/livez`, `/readyz` and `/metrics`; one more gets 503.
    ///
    /// 512 requests of 64 KiB are 32 MiB, and more would only queue for the database.
    package var concurrentRequestMax = 512
    /// Bytes of bodies that are on their way or being worked on, together; what exceeds them gets 503.
    ///
    /// Every command of 64 KiB fits, and a few of the largest Bundles beside them.
    package var concurrentBodyBytesMax = 128 << 20
    /// Open connections; further ones wait in the listen queue until another closes.
    package var connectionMax = 4_096
    /// Seconds after which a connection without a request is closed; above the 60 s of common proxies.
    package var idleTimeoutSeconds = 75
    /// Bytes of all header fields of a request, and of one: room for a token with its credentials.
    package var headerBytesMax = 32_768
    /// Header fields of a request.
    package var headerCountMax = 100
    /// Milliseconds that requests in flight and background services get to end after SIGTERM.
    package var gracefulShutdownMilliseconds = 4_000
    /// Milliseconds after SIGTERM at which the process ends whatever still runs.
    package var forcedExitMilliseconds = 5_000
    /// Milliseconds that the readiness checks may take together.
    package var readinessMilliseconds = 2_000

    /// Makes the default limits.
    package init() {}
}
