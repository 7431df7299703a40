import Foundation
package import Kafka

/// Starts the embedded broker in the test's own process.
package enum TestBroker {
    /// Starts a broker with these topics; close it at the test's end.
    /// - Throws: `KafkaFault`.
    package static func start(_ topics: [(name: String, partitions: Int32)]) throws -> MockBroker {
        try MockBroker(topics: topics)
    }

    /// Starts a broker with the topics of `deploy/kafka/topics.yaml`; close it at the test's end.
    /// - Throws: `KafkaFault`, or `CocoaError` when the file cannot be read.
    package static func startWithAllTopics() throws -> MockBroker {
        try MockBroker(topics: try allTopics())
    }

    /// The names and partitions that `deploy/kafka/topics.yaml` lists.
    /// - Throws: `CocoaError` when the file cannot be read.
    package static func allTopics() throws -> [(name: String, partitions: Int32)] {
        let path = Corpora.packageRoot + "/deploy/kafka/topics.yaml"
        let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        var topics: [(name: String, partitions: Int32)] = []
        // Each entry has its name and then its partitions, one a line; a YAML parser would weigh on
        // every test.
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 3, words[0] == "-", words[1] == "name:" {
                topics.append((name: String(words[2]), partitions: 0))
            } else if words.count == 2, words[0] == "partitions:", let last = topics.indices.last {
                topics[last].partitions = Int32(words[1]) ?? 0
            }
        }
        return topics
    }
}
