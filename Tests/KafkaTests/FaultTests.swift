import Kafka
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct FaultTests {
    @Test func `a record above the limit is refused at once`() async throws {
        let bench = try Bench()
        let value = [UInt8](repeating: 7, count: KafkaProducer.recordBytesMax + 1)
        let fault = await #expect(throws: KafkaFault.self) {
            try await bench.producer.send(topic: "one", partition: 0, key: nil, value: value, headers: [])
        }
        #expect(fault?.reason == .messageTooLarge)
        #expect(fault?.isRetriable == false)
        try await bench.send("after")
        await bench.end()
    }

    @Test func `a partition that does not exist is a fault`() async throws {
        let bench = try Bench()
        _ = try await bench.producer.partitionCount(topic: "one")
        let fault = await #expect(throws: KafkaFault.self) { try await bench.send("x", partition: 9) }
        #expect(fault?.reason == .unknownTopic)
        await bench.end()
    }

    @Test func `a topic that does not exist is a fault for a reader`() async throws {
        let bench = try Bench()
        let fault = await #expect(throws: KafkaFault.self) {
            try await bench.consumer.partitions(of: "nowhere", timeoutMilliseconds: 2_000)
        }
        #expect(fault?.reason == .unknownTopic)
        await bench.end()
    }

    @Test func `an unknown topic is a fault for both sides, which still work`() async throws {
        let bench = try Bench()
        try bench.assign(.beginning, topic: "nowhere")
        let reading = await #expect(throws: KafkaFault.self) { try await bench.consumer.poll(max: 1) }
        let sending = await #expect(throws: KafkaFault.self) { try await bench.send("x", topic: "nowhere") }
        #expect([reading?.reason, sending?.reason] == [.unknownTopic, .unknownTopic])
        try await bench.send("y")
        try bench.assign(.beginning)
        let texts = try await bench.texts(1)
        #expect(texts == ["y"])
        await bench.end()
    }

    @Test func `too much in flight is pushed back and nothing is lost`() async throws {
        let bench = try Bench()
        bench.broker.setRoundTrip(milliseconds: 800)
        var refusal: KafkaFault?
        var takenCount = 0
        while refusal == nil {
            do {
                try bench.producer.enqueue(
                    topic: "four", partition: Int32(takenCount % 4), key: nil, value: [0], headers: [])
                takenCount += 1
            } catch {
                refusal = error
            }
        }
        #expect(refusal?.reason == .queueFull)
        #expect(refusal?.isRetriable == true)
        #expect(takenCount == KafkaProducer.recordsInFlightMax)
        bench.broker.setRoundTrip(milliseconds: 0)
        while bench.producer.inFlightCount > 0 { try await Task.sleep(for: .milliseconds(20)) }
        #expect(bench.producer.undeliveredCount == 0)
        await bench.end()
    }

    @Test func `refused produce requests are retried without a gap or a double`() async throws {
        let bench = try Bench()
        bench.broker.failNextProduceRequests(3)
        for number in 0..<20 { try await bench.send("\(number)") }
        try bench.assign(.beginning)
        let texts = try await bench.texts(20)
        #expect(texts == (0..<20).map { "\($0)" })
        await bench.end()
    }

    @Test func `a broker that goes and comes back is found again by both sides`() async throws {
        let bench = try Bench(properties: ["message.timeout.ms": "1000"])
        try await bench.send("before")
        try bench.assign(.beginning)
        _ = try await bench.texts(1)
        bench.broker.setBroker(isUp: false)
        let sending = await #expect(throws: KafkaFault.self) { try await bench.send("lost") }
        #expect(sending?.reason == .brokerUnavailable)
        let reading = await #expect(throws: KafkaFault.self) { try await bench.consumer.poll(max: 1) }
        #expect(reading?.reason == .brokerUnavailable)
        #expect(reading?.isRetriable == true)
        bench.broker.setBroker(isUp: true)
        while (try? await bench.send("after")) == nil { try await Task.sleep(for: .milliseconds(50)) }
        var texts: [String] = []
        while texts.isEmpty {
            texts = (try? await bench.texts(1)) ?? []
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(texts == ["after"])
        await bench.end()
    }

    @Test(arguments: [["no.such.property": "x"], ["acks": "many"]])
    func `a wrong property is refused by name`(_ properties: [String: String]) throws {
        let configuration = KafkaConfiguration(
            bootstrapServers: "127.0.0.1:1", clientID: "x", properties: properties)
        let fault = #expect(throws: KafkaFault.self) { try KafkaProducer(configuration) }
        let name = try #require(properties.keys.first)
        #expect(fault?.message.contains(name) == true)
    }
}

@Suite(.timeLimit(.minutes(1)))
struct EndingTests {
    @Test func `cancellation wakes a waiting poll, and the consumer still works`() async throws {
        let bench = try Bench()
        try bench.assign(.beginning)
        let waiting = Task { try await bench.consumer.poll(max: 1) }
        try await Task.sleep(for: .milliseconds(100))
        waiting.cancel()
        let fault = await #expect(throws: KafkaFault.self) { try await waiting.value }
        #expect(fault?.reason == .cancelled)
        let early = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await bench.consumer.poll(max: 1)
        }
        let earlyFault = await #expect(throws: KafkaFault.self) { try await early.value }
        #expect(earlyFault?.reason == .cancelled)
        try await bench.send("x")
        let texts = try await bench.texts(1)
        #expect(texts == ["x"])
        await bench.end()
    }

    @Test func `cancellation ends the wait for an acknowledgement`() async throws {
        let bench = try Bench()
        bench.broker.setBroker(isUp: false)
        let sending = Task { try await bench.send("x") }
        try await Task.sleep(for: .milliseconds(100))
        sending.cancel()
        let fault = await #expect(throws: KafkaFault.self) { try await sending.value }
        #expect(fault?.reason == .cancelled)
        bench.broker.setBroker(isUp: true)
        await bench.end()
    }

    @Test func `shutting down wakes a waiting poll and refuses what comes later`() async throws {
        let bench = try Bench()
        try bench.assign(.beginning)
        let waiting = Task { try await bench.consumer.poll(max: 1) }
        try await Task.sleep(for: .milliseconds(100))
        await bench.consumer.shutdown()
        await bench.consumer.shutdown()
        let faults = [
            await #expect(throws: KafkaFault.self) { try await waiting.value },
            await #expect(throws: KafkaFault.self) { try await bench.consumer.poll(max: 1) },
            #expect(throws: KafkaFault.self) { try bench.assign(.beginning) },
            await #expect(throws: KafkaFault.self) {
                try await bench.consumer.watermarks(topic: "one", partition: 0)
            },
        ]
        #expect(faults.allSatisfy { $0?.reason == .closed })
        await bench.end()
    }

    @Test func `shutting down delivers what was taken and refuses the rest`() async throws {
        let bench = try Bench()
        for _ in 0..<500 {
            try bench.producer.enqueue(topic: "one", partition: 0, key: nil, value: [1], headers: [])
        }
        await bench.producer.shutdown()
        let fault = await #expect(throws: KafkaFault.self) { try await bench.send("x") }
        let marks = try await bench.consumer.watermarks(topic: "one", partition: 0)
        #expect(fault?.reason == .closed)
        #expect(marks.high == 500)
        await bench.end()
    }

    @Test func `shutting down without a broker takes about three seconds and wakes the sender`() async throws
    {
        let bench = try Bench()
        bench.broker.close()
        let sending = Task { try await bench.send("x") }
        try await Task.sleep(for: .milliseconds(100))
        let start = ContinuousClock.now
        await bench.producer.shutdown()
        let elapsed = ContinuousClock.now - start
        let fault = await #expect(throws: KafkaFault.self) { try await sending.value }
        #expect(fault?.reason == .closed)
        #expect(elapsed < .seconds(8))
        await bench.end()
    }

    @Test func `many clients come and go`() async throws {
        let broker = try TestBroker.start([("one", 1)])
        for round in 0..<20 {
            let configuration = KafkaConfiguration(bootstrapServers: broker.bootstrapServers, clientID: "c")
            let producer = try KafkaProducer(configuration)
            let consumer = try KafkaConsumer(configuration)
            try consumer.assign([
                TopicPartitionStart(topic: "one", partition: 0, start: .offset(Int64(round)))
            ])
            _ = try await producer.send(topic: "one", partition: 0, key: nil, value: [1], headers: [])
            let records = try await consumer.poll(max: 10)
            #expect(records.map(\.offset) == [Int64(round)])
            await producer.shutdown()
            await consumer.shutdown()
        }
        broker.close()
    }

    @Test func `the suite's topics all exist`() async throws {
        let broker = try TestBroker.startWithAllTopics()
        let topics = try TestBroker.allTopics()
        let consumer = try KafkaConsumer(
            KafkaConfiguration(bootstrapServers: broker.bootstrapServers, clientID: "topics"))
        for topic in topics {
            let count = try await consumer.partitions(of: topic.name)
            #expect(count == topic.partitions)
        }
        #expect(topics.count == 11)
        await consumer.shutdown()
        broker.close()
    }
}
