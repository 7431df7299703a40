import LedgerCore
import LedgerProtocol
import Logging
import Model
import Postgres

/// Shows the changes to the network to everybody who follows it: each once it is stored, and all of them
/// again once a minute, since a topic may be lost.
struct ChangePublisher: Sendable {
    private static let pauseMilliseconds = 500
    private static let againAfter = Duration.seconds(60)

    let store: BlockStore
    let validator: Validator
    let bus: LedgerBus
    let logger: Logger

    /// Runs until the task is cancelled.
    ///
    /// - Throws: `StoreFault` when the store contradicts itself; `CancellationError`.
    func run() async throws {
        var publishedCount = 0
        var publishedAt = ContinuousClock.now
        while true {
            let changeCount = store.network.current.periods.count - 1
            let isDue = ContinuousClock.now - publishedAt >= Self.againAfter
            if changeCount > 0, changeCount > publishedCount || isDue {
                do {
                    publishedCount = try await publish()
                    publishedAt = .now
                } catch let fault as StoreFault where fault.halt == nil {
                    logger.info("changes to the network are not shown yet", metadata: ["cause": "\(fault)"])
                } catch let fault as PostgresFault {
                    logger.warning("changes to the network are not shown", metadata: ["cause": "\(fault)"])
                }
            }
            try await Task.sleep(for: .milliseconds(Self.pauseMilliseconds))
        }
    }

    private func publish() async throws -> Int {
        let changes = try await store.changes(partials: await validator.tiles)
        for change in changes {
            let key = withUnsafeBytes(of: change.height.value.bigEndian) { [UInt8]($0) }
            _ = bus.send(OutboundMessage(topic: .ledgerNetwork, key: key, bytes: change.encoded))
        }
        return changes.count
    }
}
