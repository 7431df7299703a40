import Dispatch

/// Runs one actor's jobs on one serial dispatch queue, so blocking C calls never occupy Swift's shared
/// threads.
///
/// The shared threads are as many as there are cores; four blocking calls on two cores stall every
/// other task.
package final class QueueExecutor: SerialExecutor {
    let queue: DispatchQueue

    /// Creates an executor with a queue of its own; the label shows up in debuggers only.
    package init(label: String) {
        queue = DispatchQueue(label: label)
    }

    /// Puts a job at the end of the queue.
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    /// Traps unless the caller runs on this executor's queue.
    package func checkIsolated() {
        dispatchPrecondition(condition: .onQueue(queue))
    }
}
