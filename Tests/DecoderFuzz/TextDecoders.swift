import Cryptography
import LedgerFixtures
import LedgerProtocol
import Model
import TransparencyLog

/// The texts of the C2SP specifications, and keys.
func noteDecoders(_ examples: BinaryExamples) throws -> [Decoder] {
    let note = try examples.chain.note()
    let extended = SignedNote(text: note.text + "an extension line\n", signatures: note.signatures)
    let hashes = (0..<5).map { SHA256.hash([$0]) }
    let proof = TlogProof(index: 3, hashes: hashes, checkpoint: note)
    let proofs = [proof, TlogProof(extra: [1, 2, 3], index: 0, hashes: [], checkpoint: note)]
    let request = try AddCheckpointRequest(oldSize: 5, hashes: hashes, note: note)
    let network = examples.network.genesis.initial
    let keys = network.cosigners + network.logKeys
    return [
        Decoder("signed-note", examples: [note, extended].map { utf8($0.encoded()) }) {
            (try? SignedNote(parsing: $0)).map { utf8($0.encoded()) }
        },
        Decoder("note-signature", examples: note.signatures.map { utf8($0.line).dropLast() }) {
            text($0).flatMap { try? NoteSignature(parsingLine: $0) }.map { utf8($0.line).dropLast() }
        },
        Decoder("checkpoint", examples: [utf8(note.text)]) {
            text($0).flatMap { try? Checkpoint(parsing: $0) }.map { utf8($0.text) }
        },
        Decoder("checkpoint-of-others", examples: [note, extended].map { utf8($0.text) }) {
            bytes -> Decoder.Outcome in
            guard let text = text(bytes),
                let checkpoint = try? Checkpoint(parsing: text, extensionLines: .ignored)
            else { return .refused }
            return bytes.starts(with: checkpoint.text.utf8)
                ? .kept : .broken("it does not start as it is written")
        },
        Decoder("tlog-proof", examples: proofs.map { utf8($0.encoded()) }) {
            (try? TlogProof(parsing: $0)).map { utf8($0.encoded()) }
        },
        Decoder("add-checkpoint", examples: [utf8(request.encoded())]) {
            (try? AddCheckpointRequest(parsing: $0)).map { utf8($0.encoded()) }
        },
        Decoder("verifier-key", examples: keys.map { utf8($0.vkey) }) {
            text($0).flatMap { try? NoteVerifierKey(vkey: $0) }.map { utf8($0.vkey) }
        },
        Decoder("tile-path", examples: tilePaths.map(utf8)) {
            text($0).flatMap { TilePath(parsing: $0) }.map { utf8($0.text) }
        },
        Decoder("entry-bundle", examples: [try EntryBundle.encode([[1], [], [2, 3]])], isText: false) {
            (try? EntryBundle.decode($0)).flatMap { try? EntryBundle.encode($0) }
        },
        Decoder(
            "hash-tile", examples: [HashTile.encode(hashes), HashTile.encode([hashes[0]])], isText: false
        ) {
            let width = $0.count / Digest.byteCount
            guard (1...TilePath.fullWidth).contains(width) else { return nil }
            return (try? HashTile.decode($0, width: width)).map { HashTile.encode($0) }
        },
        Decoder("key-file", examples: keyFiles.map(utf8)) { (try? KeyFile(parsing: $0))?.encoded() },
        Decoder("base64", examples: ["", "AA==", "AAE=", "AAECAwQF"].map(utf8)) {
            text($0).flatMap { Base64.decode($0) }.map { utf8(Base64.encode($0)) }
        },
        Decoder("base64-url", examples: ["", "AA", "AAE", "_-ECAwQF"].map(utf8)) {
            text($0).flatMap { Base64.decodeURL($0) }.map { utf8(Base64.encodeURL($0)) }
        },
        Decoder("hexadecimal", examples: ["", "00", "deadbeef"].map(utf8)) {
            text($0).flatMap { Hex.decode($0) }.map { utf8(Hex.encode($0)) }
        },
    ]
}

private let tilePaths = [
    "tile/0/000", "tile/0/x001/234.p/5", "tile/63/x999/x999/x001/000", "tile/entries/067.p/255",
    "tile/entries/x123/456",
]

private let keyFiles = KeyFile.Kind.allCases.map {
    "consentry-key-v1 \($0.rawValue) \(Base64.encode(SHA256.hash([1]).bytes))\n"
}

/// The UTF-8 of a text.
func utf8(_ text: String) -> [UInt8] { [UInt8](text.utf8) }

/// The text of bytes; nil when they are not UTF-8.
func text(_ bytes: [UInt8]) -> String? { String(validating: bytes, as: UTF8.self) }
