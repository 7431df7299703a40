package import LedgerProtocol
import Synchronization

/// The history of the network as a service knows it: genesis, and the proven changes since.
///
/// It believes no publisher: a change counts when a quorum of the validators before it made it final.
package final class NetworkFollower: Sendable {
    private let history: Mutex<NetworkHistory>

    /// Starts with the genesis file.
    package init(_ genesis: Genesis) { history = Mutex(NetworkHistory(genesis)) }

    /// The history up to the state in force.
    package var current: NetworkHistory { history.withLock { $0 } }

    /// Takes the next change, or one that is known.
    ///
    /// - Throws: `ProtocolFault` when it is not proven or does not follow on what is known.
    package func accept(_ change: NetworkChange) throws(ProtocolFault) {
        try history.withLock { (history) throws(ProtocolFault) in try history.accept(change) }
    }
}
