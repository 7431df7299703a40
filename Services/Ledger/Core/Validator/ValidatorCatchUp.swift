package import LedgerProtocol
package import Model

/// How a validator learns that it is behind, and how it is given a submission by hand.
extension ValidatorCore {
    // A height or two of difference is the time that messages take; they come by themselves.
    private static let standingStillMilliseconds: Int64 = 500
    private static let urgentHeightsMin: UInt64 = 8

    /// The height up to which blocks are to be fetched from others; nil while there is no reason to.
    ///
    /// What others claim and what this validator signed before it lost its database both count: certificates
    /// show what is true.
    package func catchUpTarget(at now: Moment) -> BlockHeight? {
        let worked = max(peers.highestClaimed.value, signState.height.value)
        let decided = max(worked == 0 ? 0 : worked - 1, signState.cosignature?.height.value ?? 0)
        guard decided > chain.height.value else { return nil }
        let isFar = decided - chain.height.value >= Self.urgentHeightsMin
        let stoodStill = now.uptimeMilliseconds - enteredAt >= Self.standingStillMilliseconds
        return isFar || stoodStill ? BlockHeight(decided) : nil
    }

    /// Takes a submission that an operator brought, tells the others, and says what became of it.
    package mutating func submit(
        _ submission: Verified<Submission>, at now: Moment
    ) -> (intake: Intake, actions: [ValidatorAction]) {
        self.now = now
        let intake = take(submission)
        switch intake {
        case .held, .known: send(submission.message, .direct)
        case .final, .refused, .full: break
        }
        return (intake, finish())
    }
}
