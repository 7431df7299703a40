import Dispatch
import Foundation
import LedgerFixtures
import LedgerProtocol
import Model
import Synchronization
import TransparencyLog

/// Flips every bit of proof bundles, one at a time: receipt, disclosure and genesis file (invariant I8).
struct BitFlips: Sendable {
    /// What somebody holds to show that an event is on the ledger.
    struct Bundle: Sendable {
        let name: String
        let receipt: [UInt8]
        let disclosure: [UInt8]
    }

    /// Bundles of one network, whose genesis file they share.
    struct Group: Sendable {
        let genesis: Genesis
        let bundles: [Bundle]
    }

    /// How many flips were tried, and those that were accepted.
    struct Result: Sendable {
        var flipCount = 0
        var accepted: [String] = []

        mutating func add(_ other: Result) {
            flipCount += other.flipCount
            accepted += other.accepted
        }
    }

    let groups: [Group]

    var bundleCount: Int { groups.reduce(0) { $0 + $1.bundles.count } }

    /// Makes bundles of networks of one, four and seven validators, with trees of many sizes; most of few
    /// validators, because each flip costs the verification of their signatures.
    init(bundleCount: Int) throws {
        groups = try [(1, 5), (4, 4), (7, 1)].map { validatorCount, tenths in
            try Self.group(validatorCount: validatorCount, bundleCount: (bundleCount * tenths + 9) / 10)
        }
    }

    private static func group(validatorCount: Int, bundleCount: Int) throws -> Group {
        let network = try TestNetwork(
            validatorCount: validatorCount, network: "flips-\(validatorCount)", isCompact: true)
        var chain = TestChain(network)
        var bundles: [Bundle] = []
        var client = LightClient(genesis: network.genesis)
        for sequence in 0..<bundleCount {
            // Every size from 1 to 5, so that proofs of all shapes come about as the tree grows.
            let events = try (0...sequence % 5).map { try network.disclosure(sequence * 8 + $0) }
            let submission = try network.submission(by: .consent, sequence: UInt64(sequence), events: events)
            try chain.append([submission])
            let record = try chain.record(of: submission.keyID)
            let receipts = try client.accept(record, submissions: [submission])
            let chosen = sequence % receipts.count
            bundles.append(
                Bundle(
                    name: "bundle \(sequence) of \(network.genesis.network)",
                    receipt: [UInt8](receipts[chosen].proof.encoded().utf8), disclosure: events[chosen].bytes)
            )
        }
        return Group(genesis: network.genesis, bundles: bundles)
    }

    /// Tries all flips on all cores.
    ///
    /// - Throws: `VerificationFailure` when a bundle is not valid before anything is flipped.
    func run(workerCount: Int) throws -> Result {
        var jobs: [@Sendable () -> Result] = []
        for group in groups {
            for bundle in group.bundles {
                _ = try ReceiptVerifier.verify(
                    receipt: bundle.receipt, disclosure: bundle.disclosure,
                    history: NetworkHistory(group.genesis))
                jobs.append { flipFiles(of: bundle, genesis: group.genesis) }
            }
            for part in 0..<16 { jobs.append { flipGenesis(of: group, part: part, of: 16) } }
        }
        let work = jobs
        let next = Atomic<Int>(0)
        let total = Mutex(Result())
        DispatchQueue.concurrentPerform(iterations: workerCount) { _ in
            while true {
                let place = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard place < work.count else { return }
                let result = work[place]()
                total.withLock { $0.add(result) }
            }
        }
        return total.withLock { $0 }
    }

    private func flipFiles(of bundle: Bundle, genesis: Genesis) -> Result {
        var result = Result()
        let history = NetworkHistory(genesis)
        Self.flip(bundle.receipt) { receipt, bit in
            result.flipCount += 1
            let isAccepted = Self.isAccepted(receipt, bundle.disclosure, history)
            if isAccepted { result.accepted.append("bit \(bit) of the receipt of \(bundle.name)") }
        }
        Self.flip(bundle.disclosure) { disclosure, bit in
            result.flipCount += 1
            let isAccepted = Self.isAccepted(bundle.receipt, disclosure, history)
            if isAccepted { result.accepted.append("bit \(bit) of the event of \(bundle.name)") }
        }
        return result
    }

    /// Reads each flipped file once, and holds every bundle of its network against what still reads.
    private func flipGenesis(of group: Group, part: Int, of partCount: Int) -> Result {
        var result = Result()
        let count = group.genesis.bytes.count
        let places = count * part / partCount..<count * (part + 1) / partCount
        Self.flip(group.genesis.bytes, places: places) { bytes, bit in
            result.flipCount += group.bundles.count
            guard let history = (try? Genesis(parsing: bytes)).map({ NetworkHistory($0) }) else { return }
            for bundle in group.bundles where Self.isAccepted(bundle.receipt, bundle.disclosure, history) {
                result.accepted.append("bit \(bit) of the genesis of \(bundle.name)")
            }
        }
        return result
    }

    private static func flip(_ bytes: [UInt8], places: Range<Int>? = nil, _ body: ([UInt8], Int) -> Void) {
        var changed = bytes
        for place in places ?? bytes.indices {
            for bit in 0..<8 {
                changed[place] ^= 1 << UInt8(bit)
                body(changed, place * 8 + bit)
                changed[place] ^= 1 << UInt8(bit)
            }
        }
    }

    private static func isAccepted(_ receipt: [UInt8], _ disclosure: [UInt8], _ history: NetworkHistory)
        -> Bool
    {
        (try? ReceiptVerifier.verify(receipt: receipt, disclosure: disclosure, history: history)) != nil
    }
}
