import Cryptography
import LedgerProtocol
import Merkle
import Model
import TransparencyLog

/// Why a ledger is not what it is said to be.
struct AuditFinding: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A block that was decoded and whose signatures were judged, not yet held against the chain.
struct CheckedBlock: Sendable {
    let bytes: [UInt8]
    let block: FinalBlock
    /// The network under which the signatures were judged.
    fileprivate let network: NetworkState
    /// What is wrong with the signatures under that network; nil when all verify.
    let fault: AuditFinding?

    /// Decodes a block and verifies its certificate and the signature of every submission.
    ///
    /// - Throws: `AuditFinding` when the bytes are not the block of that height.
    init(_ bytes: [UInt8], height: UInt64, network: NetworkState) throws(AuditFinding) {
        self.bytes = bytes
        self.network = network
        do throws(DecodingFault) { block = try FinalBlock(decoding: bytes) } catch {
            throw AuditFinding("block \(height) is no block: \(error)")
        }
        guard block.height.value == height else {
            throw AuditFinding("what is served as block \(height) is block \(block.height)")
        }
        fault = Self.fault(of: block, network)
    }

    /// The leaves of the block in their order.
    var leaves: [[UInt8]] {
        block.submissions.flatMap { $0.entryBytes(0..<$0.entryCount) } + [block.blockEntry.encoded]
    }

    fileprivate static func fault(of block: FinalBlock, _ network: NetworkState) -> AuditFinding? {
        do throws(ProtocolFault) {
            try block.verifySignatures(network)
            return nil
        } catch {
            return AuditFinding("block \(block.height) does not verify: \(error)")
        }
    }
}

/// Follows the chain from the genesis file, block by block.
struct ChainAudit: Sendable {
    private(set) var head: ChainHead
    /// The network whose validators cosign the newest checkpoint.
    private var cosigning: NetworkState
    private var nextSequences: [KeyID: UInt64] = [:]
    private var compromisedKeys: CompromisedKeys

    init(_ genesis: Genesis) {
        head = ChainHead(genesis)
        compromisedKeys = CompromisedKeys(genesis)
        cosigning = genesis.initial
    }

    /// The number of leaves so far.
    var size: UInt64 { head.tree.size }
    /// What verifies and is still to be doubted, since a key was compromised.
    var doubts: [String] { compromisedKeys.sentences }

    /// Checks that a block follows on the last one and that no key's sequence has a gap.
    ///
    /// - Throws: `AuditFinding`.
    mutating func append(_ checked: CheckedBlock) throws(AuditFinding) {
        let block = checked.block
        // Blocks are judged ahead; one after a change of the network is judged again by those in force.
        let fault =
            checked.network == head.network ? checked.fault : CheckedBlock.fault(of: block, head.network)
        if let fault { throw fault }
        for submission in block.submissions {
            let expected = nextSequences[submission.keyID, default: 0]
            guard submission.sequence == expected else {
                throw AuditFinding(
                    "block \(block.height) goes on with sequence \(submission.sequence) of the key "
                        + "\(submission.keyID) where \(expected) was next")
            }
            nextSequences[submission.keyID] = submission.sequence + 1
        }
        let network = head.network
        do throws(ProtocolFault) { head = try block.verifyLink(after: head) } catch {
            throw AuditFinding(error.description)
        }
        cosigning = network
        compromisedKeys.append(block, head: head)
    }

    /// Checks that the network signed a note of the newest block.
    ///
    /// Signatures of others, such as witnesses, are passed over.
    /// - Throws: `AuditFinding`.
    func verify(_ note: SignedNote) throws(AuditFinding) {
        do throws(NoteError) { _ = try cosigning.quorumPolicy.verify(note) } catch {
            throw AuditFinding(error.description)
        }
    }
}
