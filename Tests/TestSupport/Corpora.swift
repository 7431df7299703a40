package import Foundation

/// Finds the test material that others published, which lies beside the project.
package enum Corpora {
    /// The folder that holds `Package.swift`, with symbolic links resolved.
    package static let packageRoot: String = {
        let file = URL(filePath: #filePath).resolvingSymlinksInPath()
        return file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    }()

    /// Whether the material is there; tests that need it are skipped otherwise.
    package static var isPresent: Bool { FileManager.default.fileExists(atPath: path("README.md")) }

    /// The folder of the material; nil where it is absent.
    package static var folder: URL? { isPresent ? URL(filePath: path("")) : nil }

    /// The files below a folder at any depth, sorted by name; none where the material is absent.
    package static func files(under folder: String) -> [URL] {
        let root = URL(filePath: path(folder))
        let names = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
        return names.sorted().map { root.appending(path: $0) }
            .filter { !$0.hasDirectoryPath && FileManager.default.isReadableFile(atPath: $0.path) }
    }

    /// The names of what is directly in a folder, sorted; none where the material is absent.
    package static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path(folder))) ?? []).sorted()
    }

    /// The absolute path of a file or folder of the material.
    package static func path(_ relative: String) -> String {
        URL(filePath: packageRoot).deletingLastPathComponent()
            .appending(path: "shared/corpora").appending(path: relative).path
    }

    /// A file's bytes.
    /// - Throws: `CocoaError` when it cannot be read.
    package static func bytes(of relative: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path(relative))))
    }

    /// A file's text.
    /// - Throws: `CocoaError` when it cannot be read.
    package static func text(of relative: String) throws -> String {
        String(decoding: try bytes(of: relative), as: UTF8.self)
    }

    /// A JSON file decoded by Foundation.
    /// - Throws: `CocoaError` or `DecodingError`.
    package static func json<Value: Decodable>(
        _ type: Value.Type = Value.self, of relative: String
    ) throws -> Value {
        try JSONDecoder().decode(type, from: Data(try bytes(of: relative)))
    }

    /// A JSON file as dictionaries, arrays, strings and numbers.
    /// - Throws: `CocoaError`.
    package static func jsonObject(of relative: String) throws -> Any {
        try JSONSerialization.jsonObject(
            with: Data(try bytes(of: relative)), options: [.fragmentsAllowed])
    }

    /// The paths, relative to the material, of the files directly in a folder, sorted by name.
    /// - Throws: `CocoaError` when the folder cannot be read.
    package static func files(in folder: String, suffix: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(folder))
            .filter { $0.hasSuffix(suffix) }.sorted().map { "\(folder)/\($0)" }
    }
}
