import Dispatch
import LedgerCore
import Model
import Synchronization

/// Both ways to the other validators: the bus always, HTTP where the bus is not enough.
///
/// HTTP takes what repeats, asks or answers in any case, and everything else between validators while the bus
/// is suspected; see `BusTrust`. So a broker that works costs no second copy, and one that does not costs
/// time.
final class LedgerTransport: Sendable {
    private let bus: LedgerBus
    private let links: [PeerLink]
    private let trust = Mutex(BusTrust())

    init(bus: LedgerBus, links: [PeerLink], metrics: LedgerMetrics) {
        self.bus = bus
        self.links = links
        metrics.showBusSuspicion { [weak self] in self.map { $0.isBusSuspect ? 1 : 0 } }
    }

    /// Whether the bus is believed to withhold messages.
    var isBusSuspect: Bool { trust.withLock { $0.isSuspect(atMilliseconds: Self.now()) } }

    /// Hands a message over without waiting for its delivery.
    func send(_ message: OutboundMessage) {
        let isTaken = bus.send(message)
        // Blocks are fetched by whoever lacks them, and receipts are for services, which do not listen here.
        guard message.topic == .ledgerConsensus || message.topic == .ledgerSubmissions else { return }
        let now = Self.now()
        let isSuspect = trust.withLock { trust in
            if isTaken, message.topic == .ledgerConsensus {
                trust.sent(message.bytes, atMilliseconds: now)
            }
            if !isTaken || message.way == .repeated { trust.doubt(atMilliseconds: now) }
            return trust.isSuspect(atMilliseconds: now)
        }
        guard isSuspect || message.way != .bus else { return }
        for link in links { link.add(message.bytes) }
    }

    /// Notes what the topic of the agreement gave; true when it is an own message, which is known here.
    func returned(_ bytes: [UInt8]) -> Bool { trust.withLock { $0.returned(bytes) } }

    /// Sends what waits for each validator until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for link in links { group.addTask { await link.run() } }
        }
    }

    private static func now() -> Int64 { Int64(DispatchTime.now().uptimeNanoseconds / 1_000_000) }
}
