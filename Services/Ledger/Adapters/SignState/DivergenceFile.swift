import Cryptography
import Foundation
import LedgerCore
import LedgerProtocol

/// Writes what a validator that diverged leaves for those who look for the reason.
enum DivergenceFile {
    /// Writes the report beside the sign-state and gives its path; an earlier one of that height stays.
    static func write(_ divergence: Divergence, besides signStatePath: String) throws -> String {
        let path = "\(signStatePath).divergence-\(divergence.finalBlock.height)"
        guard !FileManager.default.fileExists(atPath: path) else { return path }
        let report = divergence.report(build: buildHash())
        try Data(report.utf8).write(to: URL(filePath: path), options: .atomic)
        return path
    }

    /// The hash of the running program's file tells builds apart better than a version that somebody must
    /// keep.
    private static func buildHash() -> String {
        guard let program = try? Data(contentsOf: URL(filePath: "/proc/self/exe")) else { return "unknown" }
        return SHA256.hash([UInt8](program)).hex
    }
}
