import Dispatch
import Logging
import ServiceLifecycle
import Synchronization

/// The first service to be told of a shutdown: turns readiness off and starts the clock for the forced
/// exit.
struct ShutdownWatch: Service {
    let state: ShutdownState
    let deadline: ForcedExit
    let logger: Logger

    func run() async throws {
        // Cancellation means that another service failed; the shutdown is then on its way already.
        try? await gracefulShutdown()
        state.stop()
        deadline.arm()
        logger.info("stopping")
    }
}

/// Ends the process when a shutdown takes too long.
///
/// The clock runs on a dispatch thread, since the tasks that hang may hold all of Swift's own threads.
final class ForcedExit: Sendable {
    private enum State { case idle, armed, disarmed }

    private let state = Mutex(State.idle)
    private let milliseconds: Int
    private let exit: @Sendable () -> Void

    init(afterMilliseconds milliseconds: Int, exit: @escaping @Sendable () -> Void) {
        self.milliseconds = milliseconds
        self.exit = exit
    }

    func arm() {
        let isFirst = state.withLock { state in
            guard state == .idle else { return false }
            state = .armed
            return true
        }
        guard isFirst else { return }
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [self] in
            if state.withLock({ $0 == .armed }) { exit() }
        }
    }

    func disarm() { state.withLock { $0 = .disarmed } }
}
