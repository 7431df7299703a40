import Dispatch

/// Calls a closure after a while, whatever happens to the task that asked for it.
enum LateWakeUp {
    static func schedule(milliseconds: Int, _ body: @escaping @Sendable () -> Void) {
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { body() }
    }
}
