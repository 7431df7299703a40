import Cryptography
import LedgerProtocol
import Merkle
import Model
import Synchronization
import TransparencyLog

/// A ledger of one validator in memory: real blocks, checkpoints, cosignatures and receipts.
final class TestLedger: Sendable {
    private struct State {
        var leaves: [Digest] = []
        var height = BlockHeight(0)
        var previous: Digest
        var next: [KeyID: UInt64] = [:]
        var receipts: [Digest: ReceiptRecord] = [:]
    }

    /// What the ledger says to a submission.
    enum Answer {
        case receipt(ReceiptRecord)
        case refusal(SubmissionRefusal)
        case nothing
    }

    let network: TestNetwork
    private let state: Mutex<State>

    init(_ network: TestNetwork) {
        self.network = network
        state = Mutex(State(previous: network.genesis.networkID))
    }

    /// The number of leaves.
    var size: Int { state.withLock { $0.leaves.count } }

    /// How many different submissions are final.
    var submissionCount: Int { state.withLock { $0.receipts.count } }

    /// Puts a submission into a block of its own, or answers it again.
    func answer(_ submission: Submission) throws -> Answer {
        try state.withLock { state in
            if let receipt = state.receipts[submission.hash] { return .receipt(receipt) }
            let next = state.next[submission.keyID] ?? 0
            if submission.sequence < next { return .refusal(refusal(of: submission, .sequenceTaken, next)) }
            guard submission.sequence == next else { return .nothing }
            let receipt = try include(submission, &state)
            state.next[submission.keyID] = next + 1
            state.receipts[submission.hash] = receipt
            return .receipt(receipt)
        }
    }

    /// Signs a refusal as the validator.
    func refusal(of submission: Submission, _ code: RefusalCode, _ next: UInt64 = 0) -> SubmissionRefusal {
        SubmissionRefusal.make(
            SubmissionRefusal.Content(
                networkID: network.genesis.networkID, keyID: submission.keyID, sequence: submission.sequence,
                submissionHash: submission.hash, code: code, nextSequence: next,
                validator: ValidatorIndex(0)),
            signer: network.consensus)
    }

    private func include(_ submission: Submission, _ state: inout State) throws -> ReceiptRecord {
        let genesis = network.genesis
        let first = state.leaves.count
        state.height = state.height.next
        state.leaves += submission.leafHashes
        let seconds = 1_700_000_000 + Int64(state.height.value)
        state.leaves.append(
            BlockEntry(
                height: state.height, previous: state.previous, time: Timestamp(seconds: seconds),
                validatorSet: genesis.initial.validatorSetHash,
                nextValidatorSet: genesis.initial.validatorSetHash
            ).leafHash)
        let leaves = state.leaves
        let text = Checkpoint(
            origin: genesis.origin, size: UInt64(leaves.count), root: MerkleTree.root(ofLeafHashes: leaves)
        ).text
        state.previous = FinalBlock.hash(ofCheckpointText: text)
        let proof = try RangeProof.make(
            first: UInt64(first), count: UInt64(submission.entryCount), treeSize: UInt64(leaves.count)
        ) { level, index in
            let width = 1 << level
            return MerkleTree.root(ofLeafHashes: Array(leaves[Int(index) * width..<(Int(index) + 1) * width]))
        }
        let note = SignedNote(
            text: text,
            signatures: [
                NoteSignature(signing: text, name: genesis.origin, with: network.log),
                NoteSignature(
                    cosigning: text, name: genesis.validators[0].name, time: UInt64(seconds),
                    with: network.cosigner),
            ])
        return ReceiptRecord(
            networkID: genesis.networkID, keyID: submission.keyID, height: state.height,
            items: [ReceiptRecord.Item(submission)], firstIndex: UInt64(first),
            nextSequence: submission.sequence + 1, left: proof.left, right: proof.right,
            note: Array(note.encoded().utf8))
    }
}
