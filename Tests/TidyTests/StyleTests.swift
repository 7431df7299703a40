import Foundation
import Testing

@Suite struct StyleTests {
    @Test func linesAreAtMost110Columns() {
        let long = SourceTree.swiftFiles.flatMap { file in
            file.lines.enumerated().filter { $0.element.count > 110 }.map { "\(file.path):\($0.offset + 1)" }
        }
        #expect(long == [])
    }

    @Test func filesAreShort() {
        let long = SourceTree.swiftFiles.filter { file in
            file.lines.count > (file.path.hasPrefix("Tests/") ? 600 : 400)
        }
        #expect(long.map(\.path) == [])
    }

    /// A function is measured from its `func` or `init` line to the closing brace of the same indentation.
    @Test func functionsAreAtMost70Lines() {
        let long = SourceTree.productFiles.flatMap { file in
            functionLengths(file).filter { $0.lineCount > 70 }.map { "\(file.path):\($0.line)" }
        }
        #expect(long == [])
    }

    @Test func mainFilesOnlyCompose() {
        let long = SourceTree.productFiles.filter { file in
            file.path.hasSuffix("/Main/Main.swift") && file.lines.count > 41
        }
        #expect(long.map(\.path) == [])
    }

    @Test func noWordMarksSomethingUnfinished() throws {
        let words = [
            "TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK", "not " + "implemented", "for " + "now",
        ]
        let pattern = try Regex("\\b(\(words.joined(separator: "|")))\\b")
        let marked = SourceTree.swiftFiles.flatMap { file in
            file.lines.enumerated().filter { $0.element.contains(pattern) }
                .map { "\(file.path):\($0.offset + 1)" }
        }
        #expect(marked == [])
    }

    @Test func typesAreNotNamedForNothing() throws {
        let pattern = try Regex(
            "\\b(class|struct|enum|actor|protocol) \\w*(Utils?|Common|Helpers?|Manager|Impl|Info|DTO)\\b")
        let named = SourceTree.swiftFiles.flatMap { file in
            file.lines.filter { $0.contains(pattern) }.map { "\(file.path): \($0)" }
        }
        #expect(named == [])
    }

    @Test func everyPackageDeclarationOfTheSharedModulesIsDocumented() throws {
        let declaration = try Regex(
            "^\\s*(@\\w+(\\(.*\\))? )*package "
                + "(static |final |indirect |mutating |consuming |borrowing |nonisolated )*"
                + "(func|struct|class|enum|actor|protocol) ")
        let bare = SourceTree.productFiles.filter { $0.path.hasPrefix("Shared/") }.flatMap { file in
            file.lines.indices.filter { index in
                file.lines[index].contains(declaration) && !isDocumented(file.lines, index)
            }
            .map { "\(file.path):\($0 + 1)" }
        }
        #expect(bare == [])
    }

    /// Operators and protocol requirements say what they do by their names.
    private func isDocumented(_ lines: [String], _ index: Int) -> Bool {
        let line = lines[index]
        if line.contains("static func <") || line.contains("static func ==")
            || line.contains("func hash(into")
        {
            return true
        }
        var above = index - 1
        while above >= 0 {
            let text = lines[above].trimmingCharacters(in: .whitespaces)
            guard text.hasPrefix("@") else { return text.hasPrefix("///") }
            above -= 1
        }
        return false
    }

    private func functionLengths(_ file: SourceFile) -> [(line: Int, lineCount: Int)] {
        var lengths: [(Int, Int)] = []
        for (start, line) in file.lines.enumerated() {
            let trimmed = line.drop { $0 == " " }
            guard trimmed.contains("func ") || trimmed.contains("init("), !trimmed.hasPrefix("//") else {
                continue
            }
            guard !trimmed.hasSuffix("}") else { continue }
            let indentation = String(line.prefix(line.count - trimmed.count))
            guard let end = file.lines[start...].firstIndex(of: indentation + "}") else { continue }
            lengths.append((start + 1, end - start + 1))
        }
        return lengths
    }
}
