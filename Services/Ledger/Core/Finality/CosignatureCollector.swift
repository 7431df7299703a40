package import Cryptography
package import LedgerProtocol
package import Model
package import TransparencyLog

/// Gathers the cosignatures of final checkpoints until each has a quorum and is a note.
package struct CosignatureCollector: Sendable {
    /// How many heights wait at most; the network cannot run far ahead of its own cosignatures.
    package static let heightsMax = 1_024
    // A validator that decides a little later still finds what the others sent it before.
    private static let heightsAheadMax: UInt64 = 64

    private struct Pending: Sendable {
        let checkpointText: String
        /// The validators whose cosignatures count.
        let network: NetworkState
        var messages: [ValidatorIndex: CosignatureMessage] = [:]
    }

    private let logSigner: Signer
    private var pending: [BlockHeight: Pending] = [:]
    // Not verified yet: their checkpoint is not known here.
    private var early: [BlockHeight: [ValidatorIndex: CosignatureMessage]] = [:]
    private var newest = BlockHeight(0)

    /// Makes a collector that signs complete notes as the log.
    package init(logSigner: Signer) {
        self.logSigner = logSigner
    }

    /// The heights whose notes are not complete, ascending.
    package var openHeights: [BlockHeight] { pending.keys.sorted() }

    /// Whether the note of a height is still incomplete.
    package func isOpen(_ height: BlockHeight) -> Bool { pending[height] != nil }

    /// The verified cosignatures of a height whose note is incomplete.
    package func messages(of height: BlockHeight) -> [CosignatureMessage] {
        (pending[height]?.messages ?? [:]).sorted { $0.key < $1.key }.map(\.value)
    }

    /// Starts on a final checkpoint; gives its note if that is complete at once.
    ///
    /// - Parameter network: the network at that height, whose validators cosign.
    package mutating func begin(
        height: BlockHeight, checkpointText: String, network: NetworkState
    ) -> SignedNote? {
        if height > newest { newest = height }
        pending[height] = Pending(checkpointText: checkpointText, network: network)
        if pending.count > Self.heightsMax, let oldest = pending.keys.min() { pending[oldest] = nil }
        var note: SignedNote?
        for (_, message) in (early.removeValue(forKey: height) ?? [:]).sorted(by: { $0.key < $1.key }) {
            note = receive(message) ?? note
        }
        early = early.filter { $0.key > height }
        return note
    }

    /// Takes a cosignature of whatever worth; gives the note when it is the one that completes the quorum.
    package mutating func receive(_ message: CosignatureMessage) -> SignedNote? {
        guard var open = pending[message.height] else {
            let isSoon =
                message.height > newest && message.height.value - newest.value <= Self.heightsAheadMax
            if isSoon { early[message.height, default: [:]][message.validator] = message }
            return nil
        }
        guard open.messages[message.validator] == nil else { return nil }
        do throws(ProtocolFault) {
            try message.verify(open.network, checkpointText: open.checkpointText)
        } catch {
            return nil
        }
        open.messages[message.validator] = message
        let note = CheckpointNote.make(
            checkpointText: open.checkpointText, cosignatures: open.messages.mapValues(\.cosignature),
            logSigner: logSigner, network: open.network)
        pending[message.height] = note == nil ? open : nil
        return note
    }
}

extension SignedNote {
    /// The cosignatures of a note as messages, for a validator that lacks them; unverified, like any message.
    ///
    /// - Parameter network: the network at that height.
    package func cosignatures(height: BlockHeight, network: NetworkState) -> [CosignatureMessage] {
        signatures.compactMap { signature in
            guard let validator = network.validators.first(where: { $0.member.name == signature.name }),
                let cosignature = Cosignature(noteBytes: signature.bytes)
            else { return nil }
            return CosignatureMessage(
                networkID: network.networkID, height: height, validator: validator.index,
                checkpointHash: FinalBlock.hash(ofCheckpointText: text), cosignature: cosignature)
        }
    }
}
