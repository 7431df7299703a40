import Foundation

/// Finds the published test material beside the package.
enum JSONCorpus {
    /// The corpora folder, nil where it is absent.
    static let folder: URL? = {
        var directory = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        while directory.path != "/" {
            directory.deleteLastPathComponent()
            let candidate = directory.appendingPathComponent("shared/corpora")
            if FileManager.default.fileExists(atPath: candidate.path) { return candidate }
        }
        return nil
    }()

    static var isPresent: Bool { folder != nil }

    /// Names of a folder's files, sorted; empty where the corpora are absent.
    static func names(in path: String) -> [String] {
        guard let folder else { return [] }
        let url = folder.appendingPathComponent(path)
        return ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        guard let folder else { throw CocoaError(.fileNoSuchFile) }
        return [UInt8](try Data(contentsOf: folder.appendingPathComponent(path)))
    }
}
