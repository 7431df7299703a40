import Cryptography
import LedgerProtocol
import Merkle
import Model
import TransparencyLog

/// A folder that any web server can serve as a tiled log: checkpoint, tiles, entries and blocks.
///
/// The checkpoint is written last and only once everything that it covers is on disk, so whoever is stopped
/// half way leaves the folder as it was, with files in it that the next run takes up.
struct LedgerFolder: Sendable {
    let path: String

    private var checkpointPath: String { "\(path)/checkpoint" }

    /// The note that the folder holds; nil before the first.
    ///
    /// - Throws: `FileFault`, also when the file is no note.
    func note() throws -> SignedNote? {
        let bytes = try FileBytes.readIfPresent(checkpointPath, bytesMax: SignedNote.byteCountMax)
        do {
            return try bytes.map { try SignedNote(parsing: $0) }
        } catch {
            throw FileFault(description: "`\(checkpointPath)` is damaged: \(error); start with a new folder")
        }
    }

    /// Publishes a note over the one before.
    func publish(_ note: [UInt8]) throws {
        FileBytes.syncAll()
        try FileBytes.replace(checkpointPath, with: note)
        FileBytes.syncAll()
    }

    /// Keeps what speaks against a server, under a name that its content gives; nothing is overwritten.
    ///
    /// - Returns: the path of the file.
    func keepEvidence(_ bytes: [UInt8], kind: String) throws -> String {
        let name = "\(path)/evidence/\(SHA256.hash(bytes).hex.prefix(16)).\(kind)"
        if FileBytes.byteCount(of: name) != bytes.count { try FileBytes.replace(name, with: bytes) }
        return name
    }
}

/// Blocks of another source; what the folder has already is read from there.
struct MirroredBlocks: BlockSource {
    let remote: LedgerSource
    let folder: LedgerFolder

    func block(_ height: UInt64, network: NetworkState) async throws -> CheckedBlock? {
        // A file that an interruption damaged, or somebody, is simply fetched again.
        if let bytes = try FileBytes.readIfPresent(path(height), bytesMax: SourceLimits.blockBytesMax),
            let block = try? CheckedBlock(bytes, height: height, network: network), block.fault == nil
        {
            return block
        }
        return try await remote.block(height, network: network)
    }

    /// Keeps a block that is on the chain.
    ///
    /// - Throws: `FileFault`.
    func keep(_ checked: CheckedBlock) throws {
        let path = path(checked.block.height.value)
        let known = try FileBytes.readIfPresent(path, bytesMax: SourceLimits.blockBytesMax)
        if known != checked.bytes { try FileBytes.replace(path, with: checked.bytes) }
    }

    private func path(_ height: UInt64) -> String { "\(folder.path)/blocks/\(height)" }
}

/// Writes the leaves of a log into a folder as bundles and tiles, each as soon as it is full.
struct TileWriter {
    private let folder: String
    private var bundle: [[UInt8]] = []
    private var levels: [[Digest]] = []
    private var fullCounts: [UInt64] = []

    init(_ folder: LedgerFolder) { self.folder = folder.path }

    /// Appends a leaf.
    ///
    /// - Throws: `FileFault`.
    mutating func append(_ leaf: [UInt8]) throws {
        bundle.append(leaf)
        if bundle.count == TilePath.fullWidth {
            let index = fullCounts.first ?? 0
            let path = TilePath.entries(index: index, width: TilePath.fullWidth)
            try put(path, EntryBundle.encode(bundle))
            bundle.removeAll(keepingCapacity: true)
        }
        try append(MerkleTree.leafHash(leaf), level: 0)
    }

    /// Writes the partial bundle and tiles at the edge.
    ///
    /// - Throws: `FileFault`.
    func finish() throws {
        if !bundle.isEmpty {
            let path = TilePath.entries(index: fullCounts[0], width: bundle.count)
            try put(path, EntryBundle.encode(bundle))
        }
        for (level, hashes) in levels.enumerated() where !hashes.isEmpty {
            let path = TilePath.hashes(level: level, index: fullCounts[level], width: hashes.count)
            try put(path, HashTile.encode(hashes))
        }
    }

    private mutating func append(_ hash: Digest, level: Int) throws {
        if level == levels.count {
            levels.append([])
            fullCounts.append(0)
        }
        levels[level].append(hash)
        guard levels[level].count == TilePath.fullWidth else { return }
        let hashes = levels[level]
        let path = TilePath.hashes(level: level, index: fullCounts[level], width: TilePath.fullWidth)
        try put(path, HashTile.encode(hashes))
        levels[level].removeAll(keepingCapacity: true)
        fullCounts[level] += 1
        try append(MerkleTree.root(ofLeafHashes: hashes), level: level + 1)
    }

    /// Writes a file unless it is there as it must be.
    private func put(_ path: TilePath, _ bytes: [UInt8]) throws {
        let file = "\(folder)/\(path.text)"
        if try FileBytes.readIfPresent(file, bytesMax: SourceLimits.bundleBytesMax) == bytes { return }
        try FileBytes.replace(file, with: bytes)
    }
}
