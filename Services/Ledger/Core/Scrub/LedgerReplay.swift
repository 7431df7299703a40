import Cryptography
package import LedgerProtocol
import Model

/// The chain as the blocks give it that were verified one after another from genesis on.
///
/// Everything that is stored beside the blocks follows from it, so it says what each row must be.
package struct LedgerReplay: Sendable {
    /// Why bytes are not the next block.
    package enum Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        /// They are no final block.
        case malformed
        /// The certificate or a submission is not signed as it must be.
        case unverified
        /// The block breaks a rule of the chain.
        case fault(BlockFault)

        package var description: String {
            switch self {
            case .malformed: "its bytes are no final block"
            case .unverified: "its certificate or a submission does not verify"
            case .fault(let fault): fault.rawValue
            }
        }
    }

    private var history: NetworkHistory
    private var verifier: MessageVerifier
    /// The newest block that was verified.
    package private(set) var chain: ChainHead
    private var tiles: TileAccumulator
    private var nextSequences: [KeyID: UInt64]

    /// Begins before the first block.
    package init(genesis: Genesis) {
        history = NetworkHistory(genesis)
        verifier = MessageVerifier(history: history)
        chain = ChainHead(genesis)
        tiles = TileAccumulator()
        nextSequences = [:]
    }

    /// Begins at a newest block that was read back and checked.
    package init(origin: ValidatorCore.Origin) {
        history = origin.history
        verifier = MessageVerifier(history: history)
        chain = origin.chain
        tiles = origin.tiles
        nextSequences = origin.nextSequences
    }

    /// Verifies the next block and says what the store must hold of it, its own cosignature aside.
    ///
    /// - Parameter isVerified: whether the signatures of these very bytes verified before.
    /// - Throws: `Refusal`; the replay stays where it is.
    package mutating func advance(
        decoding bytes: [UInt8], isVerified: Bool = false
    ) throws(Refusal) -> BlockCommit {
        let block: FinalBlock
        do throws(DecodingFault) { block = try FinalBlock(decoding: bytes) } catch { throw .malformed }
        guard isVerified || verifier.verify(block) != nil else { throw .unverified }
        let built = try rebuild(block)
        for submission in built.submissions {
            nextSequences[submission.keyID] = submission.sequence + 1
        }
        chain = built.head
        if built.next != built.network {
            history.append(built.next, from: built.height.next, treeSizeBefore: built.treeSize)
            verifier = MessageVerifier(history: history)
        }
        return BlockCommit(
            block: built, certificate: block.certificate, cosignature: nil, tiles: tiles.append(built.nodes))
    }

    private func rebuild(_ block: FinalBlock) throws(Refusal) -> BuiltBlock {
        do throws(BlockFault) {
            return try BlockRules.rebuild(
                entry: block.blockEntry, checkpointText: block.checkpointText,
                submissions: block.submissions, on: chain,
                nextSequence: { keyID in
                    chain.network.submitter(keyID) == nil ? nil : nextSequences[keyID] ?? 0
                })
        } catch {
            throw .fault(error)
        }
    }
}
