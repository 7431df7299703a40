import LedgerProtocol
import Model
import Synchronization
import TransparencyLog

/// A note of this log and one witness's cosignature on it.
struct CosignedNote: Sendable {
    let height: BlockHeight
    let note: SignedNote
    let checkpoint: Checkpoint
    let signature: NoteSignature
}

/// The newest cosignature of each witness, for those who serve checkpoints.
package final class CosignedNotes: Sendable {
    private let newest = Mutex<[NoteVerifierKey: CosignedNote]>([:])

    /// Starts without cosignatures.
    package init() {}

    /// Takes a verified cosignature.
    func take(_ cosigned: CosignedNote, of witness: NoteVerifierKey) {
        newest.withLock { newest in
            guard newest[witness].map({ $0.height < cosigned.height }) ?? true else { return }
            newest[witness] = cosigned
        }
    }

    /// The witnesses' signatures on a checkpoint text, in the order of the witnesses' names.
    func signatures(on text: String) -> [NoteSignature] {
        newest.withLock { newest in
            newest.values.filter { $0.note.text == text }.map(\.signature).sorted { $0.name < $1.name }
        }
    }

    /// The newest note that any witness cosigned, with every witness's signature on it; nil before the first.
    var newestWitnessed: (height: BlockHeight, note: SignedNote)? {
        let best = newest.withLock { $0.values.max { $0.height < $1.height } }
        guard let best else { return nil }
        var note = best.note
        note.signatures += signatures(on: note.text)
        return (best.height, note)
    }
}
