import Foundation
import Model
import Testing
import Yams

@Suite struct TopologyTests {
    @Test func topLevelHoldsOnlyWhatTheLayoutNames() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: SourceTree.root.path)
        let allowed: Set<String> = ["Package.swift", "Services", "Shared", "Tests", "deploy", "README.md"]
        // `data` and `Package.resolved` are made by running the suite and the build; git ignores them.
        let made: Set<String> = ["data", "Package.resolved"]
        let strays = names.filter { !$0.hasPrefix(".") }.filter { !allowed.union(made).contains($0) }
        #expect(strays == [])
    }

    @Test func topicsFileNamesEveryTopicOfTheModel() throws {
        let text = SourceTree.read("deploy/kafka/topics.yaml").lines.joined(separator: "\n")
        let document = try #require(try Yams.load(yaml: text) as? [String: Any])
        let topics = try #require(document["topics"] as? [[String: Any]])
        let names = Set(topics.compactMap { $0["name"] as? String })
        let expected = Set(Topic.allCases.map(\.rawValue) + [Topic.accessEvents(ofSubscriber: "demo")])
        #expect(names == expected)
    }

    @Test func everyServiceFolderDocumentsItself() {
        let missing = ["Identity", "Consent", "Ledger", "Records", "Notification"].filter { name in
            !FileManager.default.fileExists(
                atPath: SourceTree.root.appending(path: "Services/\(name)/README.md").path)
        }
        #expect(missing == [])
    }

    @Test func noFileNamesAPathOfTheMachineItWasWrittenOn() {
        let files =
            SourceTree.swiftFiles + SourceTree.files(below: ["Services", "deploy"], withExtension: "md")
            + SourceTree.files(below: ["deploy"], withExtension: "sh") + [SourceTree.read("README.md")]
        let marks = ["/wo" + "rk/", "/opt/" + "swift"]
        let named = files.filter { file in
            file.lines.contains { line in marks.contains { line.contains($0) } }
        }
        #expect(named.map(\.path) == [])
    }
}
