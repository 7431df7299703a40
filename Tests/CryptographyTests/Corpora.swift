import Foundation
import Testing

/// Finds the test material that others published, beside the project.
enum Corpora {
    /// The folder, or nil where it is absent.
    static let folder: URL? = {
        var place = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        while place.pathComponents.count > 1 {
            place.deleteLastPathComponent()
            let candidate = place.appendingPathComponent("shared/corpora")
            if FileManager.default.fileExists(atPath: candidate.path) { return candidate }
        }
        return nil
    }()

    /// Skips a test where the material is absent.
    static var present: ConditionTrait {
        .enabled(if: folder != nil, "the published test material is not beside the project")
    }

    /// Gives the files under a folder, by name, or none where the material is absent.
    static func files(under path: String) -> [URL] {
        guard let root = folder?.appendingPathComponent(path),
            let names = FileManager.default.enumerator(atPath: root.path)
        else { return [] }
        return names.compactMap { $0 as? String }.sorted().map { root.appendingPathComponent($0) }
            .filter { !$0.hasDirectoryPath && FileManager.default.isReadableFile(atPath: $0.path) }
    }
}
