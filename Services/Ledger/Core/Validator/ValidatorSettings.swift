package import Cryptography
package import LedgerProtocol
package import Model

/// A moment as a validator's two clocks show it.
package struct Moment: Hashable, Sendable {
    /// Milliseconds on a clock that never jumps; for time-outs and rates.
    package let uptimeMilliseconds: Int64
    /// The time of day; for block times and cosignatures only.
    package let wallClock: Timestamp

    /// Joins the readings.
    package init(uptimeMilliseconds: Int64, wallClock: Timestamp) {
        self.uptimeMilliseconds = uptimeMilliseconds
        self.wallClock = wallClock
    }
}

/// A validator's three keys, each for one purpose.
package struct ValidatorKeys: Sendable {
    /// Signs proposals, votes, statuses and refusals.
    package let consensus: Signer
    /// Cosigns checkpoints.
    package let cosignature: Signer
    /// Signs complete notes as the log.
    package let log: Signer

    /// Joins the keys.
    package init(consensus: Signer, cosignature: Signer, log: Signer) {
        self.consensus = consensus
        self.cosignature = cosignature
        self.log = log
    }
}

/// What a validator is told from outside.
package struct ValidatorSettings: Sendable {
    /// The file that the network began with.
    package let genesis: Genesis
    /// Which validator this is.
    package let validator: ValidatorIndex
    /// Its keys.
    package let keys: ValidatorKeys
    /// The least milliseconds from one block to the next.
    package var blockIntervalMilliseconds: Int64 = 10
    /// Milliseconds after which a block without entries is made; nil makes none.
    package var heartbeatMilliseconds: Int64?
    /// Milliseconds after which a submission that is not final yet is overdue.
    package var overdueMilliseconds: Int64 = 30_000
    /// The time-outs of the agreement.
    package var timeouts = Timeouts()

    /// Makes the settings of one validator of a network.
    package init(genesis: Genesis, validator: ValidatorIndex, keys: ValidatorKeys) {
        self.genesis = genesis
        self.validator = validator
        self.keys = keys
    }

}
