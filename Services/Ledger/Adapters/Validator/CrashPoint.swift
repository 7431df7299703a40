import Glibc
import ServiceRuntime
import Synchronization

/// Places at which tests end a validator as a crash would, to show that nothing is lost there.
///
/// Inert unless `CONSENTRY_CRASH_POINT` names one, as in `block-decided:3` for the third time that it is
/// passed.
enum CrashPoint: String, CaseIterable {
    /// Something was signed and nothing of it written.
    case signStateUnwritten = "sign-state-unwritten"
    /// The new sign-state is written and synced beside the old one.
    case signStateWritten = "sign-state-written"
    /// It has taken the place of the old one; the folder is not synced.
    case signStateRenamed = "sign-state-renamed"
    /// It is durable; nothing signed has left.
    case signStateDurable = "sign-state-durable"
    /// A block is decided and not stored.
    case blockDecided = "block-decided"
    /// A block is stored and nobody was told.
    case blockStored = "block-stored"
    /// Blocks were fetched from another validator and not applied.
    case blocksFetched = "blocks-fetched"

    private final class Armed: Sendable {
        let point: CrashPoint
        let passesLeft: Mutex<Int>

        init(_ point: CrashPoint, passCount: Int) {
            self.point = point
            passesLeft = Mutex(passCount)
        }
    }

    private static let armed: Armed? = {
        guard let text = getenv(variable).map({ String(cString: $0) }), let (point, count) = parse(text)
        else { return nil }
        return Armed(point, passCount: count)
    }()

    static let variable = "CONSENTRY_CRASH_POINT"

    /// Ends the process at once if this is the place and the time.
    func pass() {
        guard let armed = Self.armed, armed.point == self else { return }
        let isNow = armed.passesLeft.withLock { count in
            count -= 1
            return count == 0
        }
        if isNow { kill(getpid(), SIGKILL) }
    }

    /// Refuses a name that no place has: a test that never crashed would prove nothing.
    ///
    /// - Throws: `ConfigurationError`.
    static func check(_ environment: Environment) throws(ConfigurationError) {
        guard let text = environment.optional(variable), parse(text) == nil else { return }
        let names = allCases.map(\.rawValue).joined(separator: ", ")
        throw ConfigurationError(
            variable: variable, reason: "is `\(text)`; set one of \(names), with `:n` or not")
    }

    private static func parse(_ text: String) -> (CrashPoint, Int)? {
        let parts = text.split(separator: ":", maxSplits: 1)
        guard let name = parts.first, let point = CrashPoint(rawValue: String(name)) else { return nil }
        guard parts.count == 2 else { return (point, 1) }
        guard let count = Int(parts[1]), count > 0 else { return nil }
        return (point, count)
    }
}
