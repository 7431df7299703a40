import Cryptography
package import Merkle

extension ConsistencyProof {
    /// The most hashes of a proof: one for each bit of a size, and the one that it may start with.
    private static let hashCountMax = UInt64.bitWidth + 1

    /// One line of base64 a hash, as C2SP `add-checkpoint` sends them; empty where there is nothing to prove.
    package var lines: String { hashes.reduce(into: "") { $0 += Base64.encode($1.bytes) + "\n" } }

    /// Reads the lines of a proof between two sizes.
    ///
    /// - Throws: `NoteError.malformedProof` at the first line that is no hash.
    package init(oldSize: UInt64, newSize: UInt64, lines bytes: [UInt8]) throws(NoteError) {
        // The lines are those of a request without the empty line at their end.
        var reader = LineReader(bytes + [NoteText.newline])
        guard let hashes = reader.hashesUntilEmptyLine(max: Self.hashCountMax), reader.rest.isEmpty else {
            throw .malformedProof("the proof is not at most 65 lines of base64 of 32 bytes")
        }
        self.init(oldSize: oldSize, newSize: newSize, hashes: hashes)
    }
}
