/// How the bus treats what is sent, in per cent of the deliveries.
package struct Weather: Sendable {
    /// How long a delivery takes; different delays are what reorders.
    package var delayMilliseconds: ClosedRange<Int64> = 1...15
    /// Deliveries that come twice.
    package var duplicatePercent = 10
    /// Deliveries that never come.
    package var lossPercent = 0
    /// Deliveries that come up to three seconds late.
    package var stragglerPercent = 0
    /// Deliveries beside which comes a copy with one bit flipped.
    package var flipPercent = 0
    /// Deliveries beside which comes something old, of whatever height.
    package var replayPercent = 0
    /// Deliveries beside which comes the like of another network.
    package var foreignPercent = 0

    /// Makes the weather of a bus that works.
    package init() {}

    /// Makes a bus that works, with these delays and so many copies.
    package init(delayMilliseconds: ClosedRange<Int64>, duplicatePercent: Int = 10, lossPercent: Int = 0) {
        self.delayMilliseconds = delayMilliseconds
        self.duplicatePercent = duplicatePercent
        self.lossPercent = lossPercent
    }
}

/// The way from one validator to another.
package struct Link: Hashable, Sendable {
    /// Who sends.
    package let sender: Int
    /// Who receives.
    package let receiver: Int

    /// Joins both ends.
    package init(from sender: Int, to receiver: Int) {
        self.sender = sender
        self.receiver = receiver
    }

    /// The links between two groups, both ways.
    package static func between(_ left: some Collection<Int>, _ right: some Collection<Int>) -> Set<Link> {
        Set(left.flatMap { one in right.flatMap { [Link(from: one, to: $0), Link(from: $0, to: one)] } })
    }

    /// The links from one group to another.
    package static func from(_ left: some Collection<Int>, to right: some Collection<Int>) -> Set<Link> {
        Set(left.flatMap { one in right.map { Link(from: one, to: $0) } })
    }
}

/// What was done to a network, so that a run can show that it was not left in peace.
package enum FaultKind: String, CaseIterable, Hashable, Sendable {
    /// A delivery that never came.
    case lost
    /// A delivery that came twice.
    case duplicated
    /// A delivery that came seconds late.
    case straggled
    /// A copy with one bit flipped.
    case flipped
    /// Something old delivered again.
    case replayed
    /// A message of another network.
    case foreign
    /// A delivery that a split kept out.
    case cut
    /// A delivery that a silent bus withheld.
    case withheld
    /// A time in which the bus was silent.
    case silenced
    /// A split of the network.
    case split
    /// A validator stopped between two steps.
    case crashed
    /// A validator stopped in the middle of what it was doing.
    case crashedMidway
    /// A validator started again with an older database.
    case restored
    /// Everything on its way and everything kept on the bus lost.
    case topicsLost
    /// A clock put wrong.
    case skewed
    /// A message that a Byzantine validator changed, kept back or made up.
    case byzantine
    /// A change to the network: a validator that joined, left or got new keys.
    case governed
}
