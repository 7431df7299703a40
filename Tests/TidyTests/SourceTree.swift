import Foundation
import Testing

/// One text file of the project, by its path below the package's root.
struct SourceFile: Sendable, CustomTestStringConvertible {
    let path: String
    let lines: [String]

    var testDescription: String { path }
}

/// The files of the project as a reader of the repository sees them.
enum SourceTree {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let swiftFiles = files(below: ["Services", "Shared", "Tests"], withExtension: "swift")
    static let productFiles = swiftFiles.filter { !$0.path.hasPrefix("Tests/") }

    static func files(below folders: [String], withExtension suffix: String) -> [SourceFile] {
        folders.flatMap { folder -> [SourceFile] in
            let names = FileManager.default.enumerator(atPath: root.appending(path: folder).path)
            return (names?.allObjects as? [String] ?? []).filter { $0.hasSuffix(".\(suffix)") }.sorted()
                .map { read("\(folder)/\($0)") }
        }
    }

    static func read(_ path: String) -> SourceFile {
        let text = (try? String(contentsOf: root.appending(path: path), encoding: .utf8)) ?? ""
        return SourceFile(path: path, lines: text.components(separatedBy: "\n"))
    }
}
