import Foundation
import Kafka
import Yams

/// Reads `deploy/kafka/topics.yaml`.
enum TopicsFile {
    private struct Document: Decodable {
        let topics: [Entry]
    }

    private struct Entry: Decodable {
        let name: String
        let partitions: Int32
        let retention: Int64
        let cleanupPolicy: TopicPlan.CleanupPolicy
        let owner: String
        let messageBytesMax: Int?

        enum CodingKeys: String, CodingKey {
            case name
            case partitions
            case retention = "retention.ms"
            case cleanupPolicy = "cleanup.policy"
            case owner
            case messageBytesMax = "max.message.bytes"
        }
    }

    static func read(_ path: String) throws -> [TopicPlan] {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw DevBrokerFault("topics file `\(path)` cannot be opened: give its path with `--topics`")
        }
        let document: Document
        do {
            document = try YAMLDecoder().decode(Document.self, from: bytes)
        } catch let error as DecodingError {
            throw DevBrokerFault("topics file `\(path)` is wrong: \(explanation(of: error))")
        } catch {
            throw DevBrokerFault("topics file `\(path)` is no YAML: \(error)")
        }
        try check(document.topics, path)
        return document.topics.map { entry in
            TopicPlan(
                name: entry.name, partitionCount: entry.partitions, retentionMilliseconds: entry.retention,
                cleanupPolicy: entry.cleanupPolicy, owner: entry.owner,
                messageBytesMax: entry.messageBytesMax)
        }
    }

    private static func check(_ entries: [Entry], _ path: String) throws {
        guard !entries.isEmpty else { throw DevBrokerFault("topics file `\(path)` lists no topic") }
        var names: Set<String> = []
        for entry in entries {
            guard names.insert(entry.name).inserted else {
                throw DevBrokerFault("topics file `\(path)` lists `\(entry.name)` twice: remove one")
            }
            guard entry.partitions > 0, entry.retention > 0 || entry.retention == -1 else {
                throw DevBrokerFault(
                    "`\(entry.name)` needs at least one partition and a retention above zero, or -1 for ever")
            }
        }
    }

    private static func explanation(of error: DecodingError) -> String {
        func place(_ path: [any CodingKey]) -> String {
            if path.isEmpty { return "its beginning" }
            return path.map { key in key.intValue.map { "entry \($0 + 1)" } ?? "`\(key.stringValue)`" }
                .joined(separator: ", ")
        }
        switch error {
        case .keyNotFound(let key, let context):
            return "`\(key.stringValue)` is missing at \(place(context.codingPath))"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "a value of another kind is expected at \(place(context.codingPath))"
        case .dataCorrupted(let context):
            return "the value at \(place(context.codingPath)) cannot be read"
        @unknown default:
            return "it does not have the expected form"
        }
    }
}
