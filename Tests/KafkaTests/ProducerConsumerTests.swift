import Kafka
import TestSupport
import Testing

/// A broker with its clients; `end` shuts everything down.
struct Bench {
    let broker: MockBroker
    let producer: KafkaProducer
    let consumer: KafkaConsumer

    init(
        topics: [(name: String, partitions: Int32)] = [("one", 1), ("four", 4)],
        properties: [String: String] = [:]
    ) throws {
        broker = try TestBroker.start(topics)
        let configuration = KafkaConfiguration(
            bootstrapServers: broker.bootstrapServers, clientID: "bench", properties: properties)
        producer = try KafkaProducer(configuration)
        consumer = try KafkaConsumer(configuration)
    }

    func end() async {
        await producer.shutdown()
        await consumer.shutdown()
        broker.close()
    }

    @discardableResult
    func send(_ text: String, topic: String = "one", partition: Int32? = 0) async throws -> KafkaDelivery {
        try await producer.send(
            topic: topic, partition: partition, key: nil, value: Array(text.utf8), headers: [])
    }

    func read(_ count: Int) async throws -> [KafkaRecord] {
        var records: [KafkaRecord] = []
        while records.count < count { records += try await consumer.poll(max: count - records.count) }
        return records
    }

    func texts(_ count: Int) async throws -> [String] {
        try await read(count).map { String(decoding: $0.value ?? [], as: UTF8.self) }
    }

    func assign(_ start: KafkaConsumer.StartOffset, topic: String = "one") throws {
        try consumer.assign([TopicPartitionStart(topic: topic, partition: 0, start: start)])
    }
}

@Suite(.timeLimit(.minutes(1)))
struct ProducerConsumerTests {
    @Test func `the first batch of a producer that asked for the topic keeps its order`() async throws {
        for _ in 0..<20 {
            let bench = try Bench()
            _ = try await bench.producer.partitionCount(topic: "one")
            let offsets = try await Self.sendAtOnce(200, with: bench.producer)
            let inOrder = offsets == (0..<200).map { Int64($0) }
            #expect(inOrder)
            await bench.end()
        }
    }

    /// Hands records over one after the other without waiting in between, and returns their offsets.
    private static func sendAtOnce(_ count: Int, with producer: KafkaProducer) async throws -> [Int64] {
        try await withThrowingTaskGroup(of: (Int, Int64).self) { group in
            for place in 0..<count {
                group.addImmediateTask {
                    let delivery = try await producer.send(
                        topic: "one", partition: 0, key: nil, value: [UInt8(place)], headers: [])
                    return (place, delivery.offset)
                }
            }
            return try await group.reduce(into: [Int64](repeating: -1, count: count)) { $0[$1.0] = $1.1 }
        }
    }

    @Test func `keys, values, tombstones and headers come back as sent`() async throws {
        let bench = try Bench()
        let headers = [
            KafkaHeader(name: "a", value: [1, 0, 2]), KafkaHeader(name: "a", value: []),
            KafkaHeader(name: "ce_type", value: Array("ß".utf8)),
        ]
        let sent: [([UInt8]?, [UInt8]?, [KafkaHeader])] = [
            ([1, 2], [3, 0, 4], headers), ([9], nil, []), (nil, [], []), ([], [7], headers),
        ]
        var offsets: [Int64] = []
        for (key, value, headers) in sent {
            let delivery = try await bench.producer.send(
                topic: "one", partition: 0, key: key, value: value, headers: headers)
            offsets.append(delivery.offset)
        }
        try bench.assign(.beginning)
        let records = try await bench.read(4)
        #expect(offsets == [0, 1, 2, 3])
        #expect(records.map(\.offset) == offsets)
        #expect(records.map(\.key) == sent.map { $0.0 })
        #expect(records.map(\.value) == sent.map { $0.1 })
        #expect(records.map(\.headers) == sent.map { $0.2 })
        #expect(records.allSatisfy { $0.topic == "one" && $0.timestampMilliseconds > 0 })
        await bench.end()
    }

    @Test func `the same key goes to the same partition, and keys spread`() async throws {
        let bench = try Bench()
        var partitions: [UInt8: Set<Int32>] = [:]
        for round in 0..<64 {
            let key = UInt8(round % 16)
            let delivery = try await bench.producer.send(
                topic: "four", partition: nil, key: [key], value: [0], headers: [])
            partitions[key, default: []].insert(delivery.partition)
        }
        let spread = Set(partitions.values.flatMap { $0 })
        #expect(partitions.values.allSatisfy { $0.count == 1 })
        #expect(spread.count > 2)
        await bench.end()
    }

    @Test func `reading starts at the beginning, at an offset or at the end, and seeks`() async throws {
        let bench = try Bench()
        for number in 0..<5 { try await bench.send("\(number)") }
        try bench.assign(.beginning)
        let all = try await bench.texts(5)
        try bench.assign(.offset(3))
        let last = try await bench.texts(2)
        try bench.consumer.seek(topic: "one", partition: 0, to: .offset(1))
        let again = try await bench.texts(1)
        try bench.assign(.end)
        try await Task.sleep(for: .milliseconds(300))
        try await bench.send("new")
        let new = try await bench.texts(1)
        let marks = try await bench.consumer.watermarks(topic: "one", partition: 0)
        let count = try await bench.consumer.partitions(of: "four", timeoutMilliseconds: 5_000)
        let countByProducer = try await bench.producer.partitionCount(topic: "four")
        #expect(all == ["0", "1", "2", "3", "4"])
        #expect(last == ["3", "4"])
        #expect(again == ["1"])
        #expect(new == ["new"])
        #expect(marks == (low: 0, high: 6))
        #expect([count, countByProducer] == [4, 4])
        await bench.end()
    }

    @Test func `an offset that is not there is a fault, never a jump`() async throws {
        let bench = try Bench()
        for number in 0..<3 { try await bench.send("\(number)") }
        try bench.assign(.offset(100))
        let fault = await #expect(throws: KafkaFault.self) { try await bench.consumer.poll(max: 10) }
        #expect(fault?.reason == .offsetOutOfRange)
        #expect(fault?.topic == "one")
        #expect(fault?.partition == 0)
        try bench.consumer.seek(topic: "one", partition: 0, to: .offset(2))
        let texts = try await bench.texts(1)
        #expect(texts == ["2"])
        await bench.end()
    }

    @Test func `twenty thousand small records arrive in order, a small poll at a time`() async throws {
        let bench = try Bench(properties: ["queued.min.messages": "500"])
        let recordCount = 20_000
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for number in 0..<recordCount {
                    while true {
                        do {
                            let value = withUnsafeBytes(of: Int64(number)) { [UInt8]($0) }
                            try bench.producer.enqueue(
                                topic: "one", partition: 0, key: nil, value: value, headers: [])
                            break
                        } catch let fault as KafkaFault where fault.reason == .queueFull {
                            try await Task.sleep(for: .milliseconds(5))
                        }
                    }
                }
            }
            try bench.assign(.beginning)
            var next = 0
            var disorderCount = 0
            while next < recordCount {
                for record in try await bench.consumer.poll(max: 300) {
                    let number = record.value?.withUnsafeBytes { $0.loadUnaligned(as: Int64.self) }
                    if number != Int64(next) { disorderCount += 1 }
                    next += 1
                }
            }
            try await group.waitForAll()
            #expect(disorderCount == 0)
        }
        #expect(bench.producer.undeliveredCount == 0)
        await bench.end()
    }

    @Test func `concurrent sends all come back with their own offset`() async throws {
        let bench = try Bench()
        let offsets = try await withThrowingTaskGroup(of: Int64.self) { group in
            for number in 0..<2_000 { group.addTask { try await bench.send("\(number)").offset } }
            return try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
        }
        #expect(offsets.count == 2_000)
        #expect(bench.producer.inFlightCount == 0)
        await bench.end()
    }
}
