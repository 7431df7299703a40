import Foundation
import LedgerAdapters

extension WitnessMemory {
    /// A path beside which a witness's memory of a test may lie.
    static func newPath() -> String {
        FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    }

    /// Removes what a test left beside the path.
    static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path + ".witness") }
}
