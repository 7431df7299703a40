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
    private let client: PeerClient
    private let metrics: LedgerMetrics
    private let links = Mutex<[PeerLink]>([])
    // Few ever: one for each validator that joins.
    private let joined: AsyncStream<PeerLink>
    private let join: AsyncStream<PeerLink>.Continuation
    private let trust = Mutex(BusTrust())

    init(bus: LedgerBus, client: PeerClient, metrics: LedgerMetrics) {
        self.bus = bus
        self.client = client
        self.metrics = metrics
        (joined, join) = AsyncStream.makeStream(of: PeerLink.self)
        metrics.showBusSuspicion { [weak self] in self.map { $0.isBusSuspect ? 1 : 0 } }
    }

    /// Whether the bus is believed to withhold messages.
    var isBusSuspect: Bool { trust.withLock { $0.isSuspect(atMilliseconds: Self.now()) } }

    /// Takes the addresses of the other validators in force; what waits for one that left is dropped.
    func reach(_ urls: [String]) {
        links.withLock { links in
            for link in links where !urls.contains(link.url) { link.close() }
            links.removeAll { !urls.contains($0.url) }
            for url in urls where !links.contains(where: { $0.url == url }) {
                let link = PeerLink(url: url, client: client, metrics: metrics)
                links.append(link)
                join.yield(link)
            }
        }
    }

    /// Hands a message over without waiting for its delivery.
    func send(_ message: OutboundMessage) {
        let isTaken = bus.send(message)
        let goesDirectly = trust.withLock {
            $0.offered(message, isTaken: isTaken, atMilliseconds: Self.now())
        }
        guard goesDirectly else { return }
        for link in links.withLock({ $0 }) { link.add(message.bytes) }
    }

    /// Notes what the topic of the agreement gave; true when it is an own message, which is known here.
    func returned(_ bytes: [UInt8]) -> Bool { trust.withLock { $0.returned(bytes) } }

    /// Sends what waits for each validator until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await link in joined { group.addTask { await link.run() } }
        }
    }

    private static func now() -> Int64 { Int64(DispatchTime.now().uptimeNanoseconds / 1_000_000) }
}
