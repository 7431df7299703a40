import LedgerCore
import LedgerProtocol

/// Takes double votes over that the other validators keep and this one lacks.
///
/// A proof follows from nothing else that is stored, so one that was removed while no process ran comes back
/// from those who keep it too.
struct EvidenceExchange: Sendable {
    // Each of the others soon after the start, then one of them at a time.
    private static let firstRestMilliseconds = 500
    private static let restMilliseconds = 20_000

    let validator: Validator
    let store: BlockStore
    let client: PeerClient
    /// Where the others are reached now.
    let urls: @Sendable () -> [String]

    /// Runs until the task is cancelled.
    ///
    /// - Throws: `CancellationError`.
    func run() async throws {
        var turn = 0
        while true {
            let urls = urls()
            let isFirst = turn < urls.count
            try await Task.sleep(
                for: .milliseconds(isFirst ? Self.firstRestMilliseconds : Self.restMilliseconds))
            guard !urls.isEmpty else { continue }
            // One that does not answer, or a store that does not, has its turn again.
            try? await takeOver(from: urls[turn % urls.count])
            turn += 1
        }
    }

    private func takeOver(from url: String) async throws {
        let offered = try await client.evidence(at: url)
        guard !offered.isEmpty else { return }
        let known = Set(try await store.evidence().proofs)
        let history = store.network
        let missing = offered.filter { !known.contains($0) }
            .compactMap { history.verify(.doubleVote($0)) }
        guard !missing.isEmpty else { return }
        try await validator.receive(missing)
    }
}
