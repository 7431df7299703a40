import LedgerCore
package import LedgerProtocol
import Synchronization

/// The history of the network as this process knows it, shared by everything in it that verifies.
package final class NetworkView: Sendable {
    private let history: Mutex<NetworkHistory>

    /// Starts with the genesis file; the store adds the changes that it holds.
    package init(_ genesis: Genesis) { history = Mutex(NetworkHistory(genesis)) }

    /// The history up to the state in force.
    package var current: NetworkHistory { history.withLock { $0 } }

    /// What verifies messages by that history.
    var verifier: MessageVerifier { MessageVerifier(history: current) }

    /// Takes a longer history.
    func enter(_ history: NetworkHistory) { self.history.withLock { $0 = history } }
}
