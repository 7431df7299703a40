import Model

/// Judges whether the bus delivers, from how soon a validator's own messages come back from it.
///
/// The bus is suspected while an own message has been out for longer than `echoMilliseconds`, and for
/// `doubtMilliseconds` after messages of a height had to be sent again: a broker that returns everything to
/// its sender and withholds it from the others shows only there.
package struct BusTrust: Sendable {
    /// How long a message may take to come back; a healthy bus needs a few milliseconds.
    package static let echoMilliseconds: Int64 = 300
    /// How long the bus stays suspected after a repetition.
    package static let doubtMilliseconds: Int64 = 30_000
    // More are out only when the bus is in trouble; then the newest are the ones that may still come back.
    private static let sentMax = 256

    private var sent: [(bytes: [UInt8], atMilliseconds: Int64)] = []
    private var waitingSince: Int64?
    private var doubtedUntil = Int64.min

    /// Starts with trust.
    package init() {}

    /// Notes that a message was offered to the bus, and says whether it goes to the others directly as well.
    ///
    /// What repeats, asks or answers always does, the rest while the bus is suspected.
    package mutating func offered(
        _ message: OutboundMessage, isTaken: Bool, atMilliseconds now: Int64
    ) -> Bool {
        // Blocks are fetched by whoever lacks them, and receipts are for services, which do not listen here.
        guard message.topic == .ledgerConsensus || message.topic == .ledgerSubmissions else { return false }
        if isTaken, message.topic == .ledgerConsensus { sent(message.bytes, atMilliseconds: now) }
        if !isTaken || message.way == .repeated { doubt(atMilliseconds: now) }
        return message.way != .bus || isSuspect(atMilliseconds: now)
    }

    /// Notes that a message was given to the bus.
    package mutating func sent(_ bytes: [UInt8], atMilliseconds now: Int64) {
        if sent.count == Self.sentMax { sent.removeFirst() }
        sent.append((bytes, now))
        waitingSince = waitingSince ?? now
    }

    /// Notes what the bus gave back; true when it is an own message that was waited for.
    ///
    /// A producer's records keep their order, so everything sent before it is lost or known too.
    package mutating func returned(_ bytes: [UInt8]) -> Bool {
        guard let index = sent.firstIndex(where: { $0.bytes == bytes }) else { return false }
        sent.removeFirst(index + 1)
        waitingSince = sent.first?.atMilliseconds
        return true
    }

    /// Notes that the bus refused a message, or that messages had to be sent again.
    package mutating func doubt(atMilliseconds now: Int64) {
        doubtedUntil = max(doubtedUntil, now + Self.doubtMilliseconds)
    }

    /// Whether messages should take the other way as well.
    package func isSuspect(atMilliseconds now: Int64) -> Bool {
        if now < doubtedUntil { return true }
        return waitingSince.map { now - $0 > Self.echoMilliseconds } ?? false
    }
}
