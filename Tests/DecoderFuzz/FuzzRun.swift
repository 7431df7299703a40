import Dispatch
import Foundation
import Synchronization

/// Tries every decoder with inputs that all come from one seed, on all cores.
struct FuzzRun: Sendable {
    /// What one decoder did.
    struct Tally: Sendable {
        var runCount = 0
        var keptCount = 0
        var nanoseconds: UInt64 = 0
        var slowestNanoseconds: UInt64 = 0
    }

    /// An input that a decoder must not have taken in this way.
    struct Finding: Sendable {
        let decoder: String
        let sentence: String
        let input: [UInt8]
    }

    /// The runs that share one seed; each stretch can be repeated alone.
    private static let stretchRunCount = 1_000
    /// The longest that one input may take, in time of the processor: no decoder may be worse than linear,
    /// and the longest inputs have 70 kilobytes.
    private static let inputNanosecondsMax: UInt64 = 100_000_000

    let decoders: [Decoder]
    let seed: UInt64
    let workerCount: Int
    let folder: URL

    /// Tries that many inputs or a few more; the first finding ends it.
    func run(_ runCount: Int) throws -> (tallies: [Tally], findings: [Finding]) {
        let mutators = decoders.map { Mutator(for: $0) }
        let plan = stretches(runCount)
        let next = Atomic<Int>(0)
        let state = Mutex(
            (tallies: decoders.map { _ in Tally() }, findings: [Finding](), fault: nil as String?))
        DispatchQueue.concurrentPerform(iterations: workerCount) { worker in
            do {
                let record = try InputRecord(worker: worker, in: folder)
                while true {
                    let place = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard place < plan.count, state.withLock({ $0.findings.isEmpty }) else { break }
                    let decoder = plan[place]
                    record.begin(decoders[decoder].name)
                    let (tally, finding) = tryStretch(place, decoders[decoder], mutators[decoder], record)
                    state.withLock {
                        $0.tallies[decoder].add(tally)
                        if let finding { $0.findings.append(finding) }
                    }
                }
                record.remove()
            } catch {
                state.withLock { $0.fault = "\(error)" }
            }
        }
        let (tallies, findings, fault) = state.withLock { $0 }
        if let fault { throw FuzzFault(description: "the inputs cannot be recorded: \(fault)") }
        return (tallies, findings)
    }

    /// Which decoder each stretch is for, by the decoders' shares.
    private func stretches(_ runCount: Int) -> [Int] {
        let round = decoders.indices.flatMap { Array(repeating: $0, count: decoders[$0].share.rawValue) }
        let count = max((runCount + Self.stretchRunCount - 1) / Self.stretchRunCount, decoders.count)
        // Every decoder gets one stretch before shares count.
        return (0..<count).map { $0 < decoders.count ? $0 : round[($0 - decoders.count) % round.count] }
    }

    private func tryStretch(
        _ place: Int, _ decoder: Decoder, _ mutator: Mutator, _ record: borrowing InputRecord
    ) -> (Tally, Finding?) {
        var random = SeededRandom(seed: seed &+ UInt64(place) &* 0xD134_2543_DE82_EF95)
        var tally = Tally()
        var input: [UInt8] = []
        let start = DispatchTime.now().uptimeNanoseconds
        var before = start
        for _ in 0..<Self.stretchRunCount {
            mutator.fill(&input, &random)
            record.note(input)
            let outcome = decoder.read(input)
            let now = DispatchTime.now().uptimeNanoseconds
            tally.slowestNanoseconds = max(tally.slowestNanoseconds, now - before)
            // Other processes may have had the core; only the time of this thread counts.
            if now - before > Self.inputNanosecondsMax,
                Self.cost(of: input, decoder) > Self.inputNanosecondsMax
            {
                return (tally, Finding(decoder: decoder.name, sentence: "it takes too long", input: input))
            }
            before = now
            switch outcome {
            case .refused: break
            case .kept: tally.keptCount += 1
            case .broken(let sentence):
                return (tally, Finding(decoder: decoder.name, sentence: sentence, input: input))
            }
        }
        tally.runCount = Self.stretchRunCount
        tally.nanoseconds = before - start
        return (tally, nil)
    }

    /// The time of this thread that one input takes.
    private static func cost(of input: [UInt8], _ decoder: Decoder) -> UInt64 {
        let start = threadNanoseconds
        _ = decoder.read(input)
        return threadNanoseconds - start
    }

    private static var threadNanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension FuzzRun.Tally {
    mutating func add(_ other: Self) {
        runCount += other.runCount
        keptCount += other.keptCount
        nanoseconds += other.nanoseconds
        slowestNanoseconds = max(slowestNanoseconds, other.slowestNanoseconds)
    }
}

/// Why the command could not do its work.
struct FuzzFault: Error, CustomStringConvertible {
    let description: String
}
