import Model
import Testing

@testable import Messaging

@Suite("Freshness")
struct FreshnessTests {
    private let start = Timestamp(seconds: 1_700_000_000)

    private func view(_ freshness: Freshness, after milliseconds: Int64) -> FreshnessView {
        freshness.view(
            topic: .consentEvents, producer: .consent, now: start.advanced(byMilliseconds: milliseconds))
    }

    @Test func nothingIsFreshBeforeEveryPartitionHadAHeartbeat() {
        let freshness = Freshness()
        #expect(view(freshness, after: 0).ageMilliseconds == nil)
        freshness.expect(topic: .consentEvents, producers: [.consent], partitionCount: 2)
        freshness.mark(topic: .consentEvents, producer: .consent, partition: 0, time: start)
        #expect(!view(freshness, after: 0).isFresh)
        freshness.mark(topic: .consentEvents, producer: .consent, partition: 1, time: start)
        #expect(view(freshness, after: 0).isFresh)
    }

    @Test func theOldestPartitionCountsAndFiveSecondsAreTheLimit() {
        let freshness = Freshness()
        freshness.expect(topic: .consentEvents, producers: [.consent], partitionCount: 2)
        freshness.mark(topic: .consentEvents, producer: .consent, partition: 0, time: start)
        freshness.mark(
            topic: .consentEvents, producer: .consent, partition: 1,
            time: start.advanced(byMilliseconds: 4_000))
        #expect(view(freshness, after: 5_000).ageMilliseconds == 5_000)
        #expect(view(freshness, after: 5_000).isFresh)
        #expect(!view(freshness, after: 5_001).isFresh)
    }

    @Test func anOlderHeartbeatChangesNothing() {
        let freshness = Freshness()
        freshness.expect(topic: .consentEvents, producers: [.consent], partitionCount: 1)
        freshness.mark(topic: .consentEvents, producer: .consent, partition: 0, time: start)
        freshness.mark(
            topic: .consentEvents, producer: .consent, partition: 0,
            time: start.advanced(byMilliseconds: -900))
        #expect(view(freshness, after: 100).ageMilliseconds == 100)
    }

    /// A heartbeat held back hides no more of its age than the producer's clock is ahead.
    @Test func aHeartbeatHeldBackLooksYoungerByTheClocksLeadAtMost() {
        let freshness = Freshness()
        let lead = RecordVerifier.clockToleranceMilliseconds
        freshness.expect(topic: .consentEvents, producers: [.consent], partitionCount: 1)
        freshness.mark(
            topic: .consentEvents, producer: .consent, partition: 0,
            time: start.advanced(byMilliseconds: lead)
        )
        let heldFor = FreshnessView.ageMillisecondsMax + 1_000
        #expect(view(freshness, after: heldFor).isFresh)
        #expect(!view(freshness, after: heldFor + 1).isFresh)
    }

    @Test func aProducerWhoseClockIsAheadLooksNoFresherThanItsSilence() async throws {
        let freshness = Freshness()
        freshness.expect(topic: .consentEvents, producers: [.consent], partitionCount: 1)
        freshness.mark(
            topic: .consentEvents, producer: .consent, partition: 0,
            time: start.advanced(byMilliseconds: 5_000))
        try await Task.sleep(for: .milliseconds(30))
        let age = try #require(view(freshness, after: 0).ageMilliseconds)
        #expect(age >= 30)
    }
}
