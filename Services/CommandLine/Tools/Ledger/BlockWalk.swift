import LedgerProtocol
import Model

/// Walks over the blocks of a source, verifies signatures on every core and the chain in its order.
struct BlockWalk: Sendable {
    /// So many blocks are fetched together while those before are verified: at most 64 MiB, twice.
    private static let waveBlocksMax = 64

    let source: any BlockSource

    /// Verifies the blocks from the first one up to a size of the log, and hands each on.
    ///
    /// - Throws: `AuditFinding` at the first block that does not hold, is missing or oversteps the size;
    ///   `FileFault` when one cannot be read.
    func run(
        to size: UInt64, _ chain: inout ChainAudit, each: (CheckedBlock, ChainAudit) async throws -> Void
    ) async throws {
        var height: UInt64 = 1
        var wave = try await Self.wave(from: height, source, chain.head.network)
        while chain.size < size {
            guard !wave.isEmpty else {
                throw AuditFinding(
                    "block \(height) is missing, although the checkpoint covers \(size) entries and the "
                        + "blocks before it \(chain.size)")
            }
            let next = height + UInt64(wave.count)
            let network = chain.head.network
            async let following = Self.wave(from: next, source, network)
            for checked in wave where chain.size < size {
                try chain.append(checked)
                try await each(checked, chain)
            }
            wave = try await following
            height = next
        }
        guard chain.size == size else {
            throw AuditFinding("the checkpoint ends within block \(chain.head.height)")
        }
    }

    /// Reads and checks blocks side by side; fewer than a wave where the source ends.
    private static func wave(
        from first: UInt64, _ source: any BlockSource, _ network: NetworkState
    ) async throws -> [CheckedBlock] {
        try await withThrowingTaskGroup(of: (UInt64, CheckedBlock?).self) { group in
            for height in first..<first + UInt64(waveBlocksMax) {
                group.addTask { (height, try await source.block(height, network: network)) }
            }
            var found: [UInt64: CheckedBlock] = [:]
            for try await (height, block) in group { found[height] = block }
            var blocks: [CheckedBlock] = []
            while let block = found[first + UInt64(blocks.count)] { blocks.append(block) }
            return blocks
        }
    }
}

/// Gives blocks by their height, checked by themselves.
protocol BlockSource: Sendable {
    /// The block of a height, its signatures judged by a network; nil where the source ends.
    ///
    /// - Throws: `AuditFinding` when it is no block of that height; `FileFault` when it cannot be read.
    func block(_ height: UInt64, network: NetworkState) async throws -> CheckedBlock?
}

extension LedgerSource: BlockSource {
    func block(_ height: UInt64, network: NetworkState) async throws -> CheckedBlock? {
        guard let bytes = try await read("blocks/\(height)") else { return nil }
        return try CheckedBlock(bytes, height: height, network: network)
    }
}
