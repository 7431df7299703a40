import ServiceLifecycle

/// A background service made of a name and a closure.
package struct BackgroundTask: Service {
    /// The name in faults and logs.
    package let name: String
    private let body: @Sendable () async throws -> Void

    /// Makes a service that runs the closure until its task is cancelled, which a shutdown does.
    ///
    /// It may end by returning or by `CancellationError`, as waiting calls do when they are cancelled.
    package init(_ name: String, _ body: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.body = body
    }

    /// Runs the closure, and cancels it when the process is told to stop.
    package func run() async throws { try await cancelWhenGracefulShutdown(body) }
}

/// A background service ended although nobody asked it to; ends the process.
package struct BackgroundServiceFault: Loggable {
    /// The name of the service: that of a ``BackgroundTask``, else its type.
    package let service: String
    /// What it threw, or nil when it simply returned.
    package let cause: (any Error)?

    /// Names the service and the cause, with its text where that was written for the log.
    package var logDescription: String {
        guard let cause else {
            return "background service `\(service)` returned before the process was stopped"
        }
        let text = ErrorText.safe(cause).map { ": \($0)" } ?? ""
        return "background service `\(service)` failed with \(ErrorText.type(of: cause))\(text)"
    }
}

/// Runs a background service and puts its name on whatever ends it.
struct BackgroundService: Service {
    let service: any Service

    var name: String { (service as? BackgroundTask)?.name ?? String(describing: type(of: service)) }

    func run() async throws {
        do {
            try await service.run()
        } catch {
            if error is CancellationError, isStopping { return }
            throw BackgroundServiceFault(service: name, cause: error)
        }
        guard isStopping else { throw BackgroundServiceFault(service: name, cause: nil) }
    }

    private var isStopping: Bool { Task.isShuttingDownGracefully || Task.isCancelled }
}
