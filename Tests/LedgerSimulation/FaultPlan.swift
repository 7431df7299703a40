import Model

/// Everything that will be done to a network, drawn from a seed before anything happens.
package struct FaultPlan: Sendable {
    /// One thing that is done.
    enum Deed: Sendable {
        case submit(ServiceName, entryCount: Int)
        case cut(Set<Link>)
        case crash(Int)
        case crashMidway(Int, afterActions: Int)
        case restore(Int, withoutBlocks: Int)
        case start(Int)
        case loseTopics
        case skew(Int, milliseconds: Int64)
        case govern(Change)
        case silence(BusSilence?)
    }

    /// How the validators change, as far as those that may be faulty stay a third of the rest.
    enum Change: Sendable, CaseIterable {
        case join
        case leave
        case rekey
    }

    /// When the faults end.
    static let healMilliseconds: Int64 = 12_000
    // The times at which something is done; restarts come later, still before the end of faults.
    private static let deedMilliseconds: ClosedRange<Int64> = 0...10_000

    /// How many validators there are.
    package let validatorCount: Int
    /// The Byzantine ones, at most a third, and what each does.
    package private(set) var behaviours: [Int: Set<Behaviour>] = [:]
    /// Whether blocks without entries are made as heartbeats.
    let heartbeatMilliseconds: Int64?
    let weather: Weather
    /// Whether validators reach each other beside the bus.
    private(set) var isDirect = false
    /// How many validators may join.
    private(set) var newcomerCount = 0
    private(set) var deeds: [(at: Int64, deed: Deed)] = []

    /// Draws a plan.
    ///
    /// - Parameters:
    ///   - validatorCount: nil draws it too, mostly 4.
    ///   - behaviour: what every Byzantine validator does besides whatever is drawn for it.
    package init(seed: UInt64, validatorCount: Int? = nil, behaviour: Behaviour? = nil) {
        var numbers = SeededNumbers(seed: seed)
        let drawn = [4, 4, 4, 4, 4, 4, 7, 5, 6, 3, 2, 1].randomElement(using: &numbers) ?? 4
        let count = validatorCount ?? (behaviour == nil ? drawn : max(drawn, 4))
        self.validatorCount = count
        heartbeatMilliseconds = Int.random(in: 0..<4, using: &numbers) == 0 ? 1_500 : nil
        weather = Self.weather(&numbers)
        drawByzantine(behaviour, &numbers)
        drawSubmissions(&numbers)
        let kinds = Int.random(in: 0...5, using: &numbers)
        for _ in 0..<kinds { drawDeed(&numbers) }
        // A third of the networks change; drawn apart, so that the others stay as they are. Where clocks are
        // wrong none does: those who stay could be a quorum that decides wrong times.
        let isSkewed = deeds.contains { if case .skew = $0.deed { true } else { false } }
        if seed % 3 == 0, count > 1, !isSkewed { drawChanges(seed) }
        // In a quarter there is a way beside the bus, and the bus falls silent; drawn apart too.
        if seed % 4 == 1 { drawSilence(seed) }
        deeds.sort { $0.at < $1.at }
    }

    private static func weather(_ numbers: inout SeededNumbers) -> Weather {
        var weather = Weather()
        let slowest = [5, 15, 60, 250].randomElement(using: &numbers) ?? 15
        weather.delayMilliseconds = 1...Int64(slowest)
        weather.duplicatePercent = [0, 10, 30].randomElement(using: &numbers) ?? 0
        weather.lossPercent = [0, 0, 5, 15, 30].randomElement(using: &numbers) ?? 0
        weather.stragglerPercent = [0, 0, 3, 10].randomElement(using: &numbers) ?? 0
        weather.flipPercent = [0, 1, 2].randomElement(using: &numbers) ?? 0
        weather.replayPercent = [0, 1, 3].randomElement(using: &numbers) ?? 0
        weather.foreignPercent = [0, 1].randomElement(using: &numbers) ?? 0
        return weather
    }

    private mutating func drawByzantine(_ behaviour: Behaviour?, _ numbers: inout SeededNumbers) {
        let faultMax = (validatorCount - 1) / 3
        let least = behaviour == nil ? 0 : min(1, faultMax)
        let count = Int.random(in: least...max(least, faultMax), using: &numbers)
        for index in (0..<validatorCount).shuffled(using: &numbers).prefix(count) {
            var own: Set<Behaviour> = behaviour.map { [$0] } ?? []
            for _ in 0..<Int.random(in: behaviour == nil ? 1...3 : 0...1, using: &numbers) {
                own.insert(Behaviour.allCases.randomElement(using: &numbers) ?? .silent)
            }
            behaviours[index] = own
        }
    }

    private mutating func drawSubmissions(_ numbers: inout SeededNumbers) {
        for service in [ServiceName.consent, .records] {
            for _ in 0..<Int.random(in: 2...9, using: &numbers) {
                let at = Int64.random(in: Self.deedMilliseconds, using: &numbers)
                deeds.append((at, .submit(service, entryCount: Int.random(in: 1...4, using: &numbers))))
            }
        }
    }

    /// Two changes, the second once the first may be in force.
    private mutating func drawChanges(_ seed: UInt64) {
        var numbers = SeededNumbers(seed: ~seed)
        newcomerCount = 2
        for begin in [Int64(300), 6_000] {
            let at = begin + Int64.random(in: 0...3_000, using: &numbers)
            deeds.append((at, .govern(Change.allCases.randomElement(using: &numbers) ?? .join)))
        }
    }

    /// One or two times in which the bus withholds what validators send.
    private mutating func drawSilence(_ seed: UInt64) {
        var numbers = SeededNumbers(seed: seed &* 31)
        isDirect = true
        var begin = Int64.random(in: 0...4_000, using: &numbers)
        for _ in 0..<Int.random(in: 1...2, using: &numbers) {
            let end = begin + Int64.random(in: 500...3_500, using: &numbers)
            let silence = BusSilence.allCases.randomElement(using: &numbers)
            deeds += [(begin, .silence(silence)), (end, .silence(nil))]
            begin = end + Int64.random(in: 100...1_000, using: &numbers)
        }
    }

    private mutating func drawDeed(_ numbers: inout SeededNumbers) {
        let at = Int64.random(in: Self.deedMilliseconds, using: &numbers)
        let honest = (0..<validatorCount).filter { behaviours[$0] == nil }
        guard let victim = honest.randomElement(using: &numbers) else { return }
        let pause = Int64.random(in: 1...1_500, using: &numbers)
        switch Int.random(in: 0..<10, using: &numbers) {
        case 0, 1:
            deeds += [(at, .crash(victim)), (at + pause, .start(victim))]
        case 2, 3, 4:
            let actions = Int.random(in: 1...12, using: &numbers)
            deeds += [(at, .crashMidway(victim, afterActions: actions)), (at + pause, .start(victim))]
        case 5:
            let blocks = Int.random(in: 1...8, using: &numbers)
            deeds += [
                (at, .crash(victim)), (at + pause, .restore(victim, withoutBlocks: blocks)),
                (at + pause, .start(victim)),
            ]
        case 6:
            // All at once, by a power cut.
            for index in 0..<validatorCount {
                let actions = Int.random(in: 1...4, using: &numbers)
                deeds.append((at, .crashMidway(index, afterActions: actions)))
                deeds.append((at + pause, .crash(index)))
                deeds.append((at + pause + 10, .start(index)))
            }
        case 7: deeds.append((at, .loseTopics))
        case 8: drawSkew(at, &numbers)
        default: drawSplit(at, &numbers)
        }
    }

    /// One honest clock, or more than a third of all; never so many that they and the Byzantine are a quorum.
    ///
    /// A quorum with wrong clocks decides wrong times, and what follows waits until the true time is later.
    private mutating func drawSkew(_ at: Int64, _ numbers: inout SeededNumbers) {
        let isSkewed = deeds.contains { if case .skew = $0.deed { true } else { false } }
        let faultMax = (validatorCount - 1) / 3
        let most = 2 * validatorCount / 3 - behaviours.count
        let count = min(Bool.random(using: &numbers) ? 1 : faultMax + 1, most)
        guard !isSkewed, count >= 1 else { return }
        let milliseconds: Int64 = Bool.random(using: &numbers) ? 3_600_000 : -3_600_000
        let honest = (0..<validatorCount).filter { behaviours[$0] == nil }
        for index in honest.shuffled(using: &numbers).prefix(count) {
            deeds.append((at, .skew(index, milliseconds: milliseconds)))
        }
    }

    /// A half, one or the way in one direction cut off, once or again and again.
    private mutating func drawSplit(_ at: Int64, _ numbers: inout SeededNumbers) {
        let order = (0..<validatorCount).shuffled(using: &numbers)
        let size = Bool.random(using: &numbers) ? validatorCount / 2 : 1
        let (left, right) = (order.prefix(size), order.dropFirst(size))
        let links =
            Int.random(in: 0..<3, using: &numbers) == 0
            ? Link.from(left, to: right) : Link.between(left, right)
        let times = Int.random(in: 1...4, using: &numbers)
        var begin = at
        for _ in 0..<times {
            let end = begin + Int64.random(in: 200...3_000, using: &numbers)
            guard end < Self.healMilliseconds else { break }
            deeds += [(begin, .cut(links)), (end, .cut([]))]
            begin = end + Int64.random(in: 50...1_000, using: &numbers)
        }
    }
}
