package import LedgerCore
package import LedgerProtocol
package import Model
import Synchronization

/// The history of the network as this process knows it, shared by everything in it that verifies.
package final class NetworkView: Sendable {
    private let history: Mutex<NetworkHistory>
    private let recent = Mutex(RecentSubmissions())
    private let stored = Atomic<UInt64>(0)

    /// Starts with the genesis file; the store adds the changes that it holds.
    package init(_ genesis: Genesis) { history = Mutex(NetworkHistory(genesis)) }

    /// The history up to the state in force.
    package var current: NetworkHistory { history.withLock { $0 } }

    /// What verifies messages by that history.
    var verifier: MessageVerifier { MessageVerifier(history: current) }

    /// Verifies any message of the ledger's topics; nil for one that is not to be believed.
    package func verify(_ message: LedgerMessage) -> InboundMessage? {
        switch message {
        case .submission(let submission):
            if let known = recent.withLock({ $0.find(submission.hash) }) { return .submission(known) }
            let inbound = verifier.verify(message)
            if case .submission(let verified) = inbound { recent.withLock { $0.add(verified) } }
            return inbound
        case .finalBlock(let block):
            let known = recent.withLock { recent in
                Set(block.submissions.map(\.hash).filter { recent.find($0) != nil })
            }
            return verifier.verify(block, isKnown: known.contains).map { .finalBlock($0) }
        default: return verifier.verify(message)
        }
    }

    /// The height up to which this process has stored every block.
    var storedHeight: BlockHeight { BlockHeight(stored.load(ordering: .relaxed)) }

    /// Takes a greater height as stored.
    package func hasStored(_ height: BlockHeight) { stored.store(height.value, ordering: .relaxed) }

    /// Reads a value of `ledger.blocks`; nil for one that is not to be believed.
    ///
    /// A block of a stored height was meant for another validator: to verify it would cost all what being
    /// behind costs one.
    package func verify(blockRecord bytes: [UInt8]) -> InboundMessage? {
        if let height = FinalBlock.height(of: bytes), height <= storedHeight { return .settledBlock(height) }
        return (try? LedgerMessage(decoding: bytes)).flatMap { verify($0) }
    }

    /// Takes a longer history; what verified stays verified, since no key is ever forgotten.
    func enter(_ history: NetworkHistory) { self.history.withLock { $0 = history } }
}
