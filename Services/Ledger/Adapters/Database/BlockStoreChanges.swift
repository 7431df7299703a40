import Cryptography
package import LedgerCore
package import LedgerProtocol
import Merkle
import Model
import Postgres

/// The changes to the network, found by the blocks in which an organisation submitted one.
extension BlockStore {
    /// Rebuilds the history of the network from the stored blocks and shows it to everything that verifies.
    ///
    /// - Throws: `StoreFault` with a halt when a block with a change contradicts the state before it;
    ///   `PostgresFault`.
    func loadChanges(_ session: PostgresSession) throws {
        var history = NetworkHistory(genesis)
        var height = BlockHeight(0)
        while let next = try nextChange(after: height, history.newest, session) {
            let block = try changeBlock(next, history, session)
            guard let state = Self.state(after: block, on: history.newest), state != history.newest else {
                throw StoreFault.contradiction("the change at height \(next)")
            }
            history.append(state, from: next.next, treeSizeBefore: block.treeSize)
            height = next
        }
        network.enter(history)
    }

    /// The proofs of all changes to the network that are stored, in their order.
    ///
    /// - Parameter partials: the tiles at the edge of the tree.
    /// - Throws: `StoreFault`; `PostgresFault`.
    package func changes(partials: TileAccumulator) async throws -> [NetworkChange] {
        let history = network.current
        return try await pool.query { session in
            let reader = TileReader(session, partials: partials)
            var changes: [NetworkChange] = []
            for period in history.periods.dropFirst() {
                let height = BlockHeight(period.first.value - 1)
                // A change that is being stored is shown once it is.
                guard let block = try verifiedBlock(height, reader, session) else { break }
                let change = try NetworkChange.make(
                    of: block.finalBlock, firstIndex: block.firstIndex,
                    previousText: previousText(height, session), node: reader.node)
                if let change { changes.append(change) }
            }
            return changes
        }
    }

    /// The network after a block; nil when the block holds what it may not.
    private static func state(after block: StoredBlock, on state: NetworkState) -> NetworkState? {
        do throws(RefusalCode) {
            return try GovernanceRules.nextState(
                after: block.finalBlock.submissions, on: state, at: block.finalBlock.height)
        } catch {
            return nil
        }
    }

    private func previousText(_ height: BlockHeight, _ session: PostgresSession) throws -> String {
        guard height > BlockHeight(1) else { return "" }
        let before = Int64(bitPattern: height.value - 1)
        let row = try session.query("SELECT checkpoint FROM block WHERE height = $1", [.int(before)]).first
        guard let row else { throw StoreFault.missing("block \(before)") }
        return try row.text(0)
    }

    private func nextChange(
        after height: BlockHeight, _ state: NetworkState, _ session: PostgresSession
    ) throws -> BlockHeight? {
        let row = try session.query(
            """
            SELECT min(height) FROM key_block WHERE key_id = ANY($1::bytea[]) AND height > $2
            """,
            [
                .bytesArray(state.organizations.map(\.key.keyID.bytes)),
                .int(Int64(bitPattern: height.value)),
            ]
        ).first
        return try row?.intOrNull(0).map { BlockHeight(UInt64(bitPattern: $0)) }
    }

    private func changeBlock(
        _ height: BlockHeight, _ history: NetworkHistory, _ session: PostgresSession
    ) throws -> StoredBlock {
        let row = try session.query(
            "SELECT \(StoredBlock.columns) FROM block WHERE height = $1",
            [.int(Int64(bitPattern: height.value))]
        ).first
        guard let row else { throw StoreFault.missing("block \(height)") }
        return try StoredBlock(row, history: history)
    }
}
