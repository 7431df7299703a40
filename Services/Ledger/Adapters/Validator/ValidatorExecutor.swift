import Dispatch

/// Runs the validator's jobs on one serial queue: syncing the sign-state blocks, and must not occupy a
/// shared thread.
///
/// Its timers fire on the same queue, so that a wake-up is one job and not two.
final class ValidatorExecutor: SerialExecutor {
    let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label, qos: .userInitiated) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }
}
