import Cryptography
import Model
import NotificationCore
import Testing

/// What operators and patients hand in, read strictly.
@Suite struct SettingsTests {
    private static let key = Base64.encode(Cast.unsealer("demo").publicKey.bytes)

    @Test func subscribersAreRead() throws {
        let text =
            #"[{"name":"demo","sealingKey":"\#(Self.key)"},{"sealingKey":"\#(Self.key)","name":"b-2"}]"#
        let subscribers = try Subscriber.list(parsing: [UInt8](text.utf8))
        #expect(subscribers.map(\.topic) == ["access.events.demo", "access.events.b-2"])
        #expect(try Subscriber.list(parsing: [UInt8]("[]\n".utf8)).isEmpty)
    }

    static let refused: [(text: String, refusal: SubscriberRefusal)] = [
        ("", .notAList), ("{}", .notAList), (#"[{"name":"demo"}]"#, .wrongMembers(index: 0)),
        (#"[{"name":"demo","sealingKey":"\#(key)","x":1}]"#, .wrongMembers(index: 0)),
        (#"["demo"]"#, .wrongMembers(index: 0)),
        (#"[{"name":"Demo","sealingKey":"\#(key)"}]"#, .wrongName(index: 0)),
        (#"[{"name":"a.b","sealingKey":"\#(key)"}]"#, .wrongName(index: 0)),
        (#"[{"name":"","sealingKey":"\#(key)"}]"#, .wrongName(index: 0)),
        (#"[{"name":"\#(String(repeating: "a", count: 33))","sealingKey":"\#(key)"}]"#, .wrongName(index: 0)),
        (#"[{"name":"demo","sealingKey":"AAAA"}]"#, .unsoundKey(index: 0)),
        (
            #"[{"name":"demo","sealingKey":"\#(Base64.encode([UInt8](repeating: 0, count: 32)))"}]"#,
            .unsoundKey(index: 0)
        ),
        (
            #"[{"name":"demo","sealingKey":"\#(key)"},{"name":"demo","sealingKey":"\#(key)"}]"#,
            .nameTwice(index: 1)
        ),
    ]

    @Test(arguments: refused)
    func wrongSubscribersAreRefused(text: String, refusal: SubscriberRefusal) {
        #expect(throws: refusal) { try Subscriber.list(parsing: [UInt8](text.utf8)) }
    }

    @Test func tooManySubscribersAreRefused() {
        let entries = (0...Subscriber.countMax).map { #"{"name":"s\#($0)","sealingKey":"\#(Self.key)"}"# }
        let text = "[\(entries.joined(separator: ","))]"
        #expect(throws: SubscriberRefusal.tooMany) { try Subscriber.list(parsing: [UInt8](text.utf8)) }
    }

    @Test func queryHasDefaults() throws {
        let query = try InboxQuery(after: nil, limit: nil, wait: nil)
        #expect(query.after == 0)
        #expect(query.count == 50)
        #expect(query.waitSeconds == 0)
    }

    static let queries: [(after: String?, limit: String?, wait: String?, refusal: InboxQueryRefusal)] = [
        ("-1", nil, nil, .malformedCursor), ("01", nil, nil, .malformedCursor),
        ("x", nil, nil, .malformedCursor),
        ("9223372036854775808", nil, nil, .malformedCursor), ("", nil, nil, .malformedCursor),
        (nil, "0", nil, .limitOutOfRange), (nil, "101", nil, .limitOutOfRange),
        (nil, "+5", nil, .limitOutOfRange),
        (nil, nil, "11", .waitOutOfRange), (nil, nil, "-1", .waitOutOfRange),
    ]

    @Test(arguments: queries)
    func wrongQueriesAreRefused(
        after: String?, limit: String?, wait: String?, refusal: InboxQueryRefusal
    ) {
        #expect(throws: refusal) { try InboxQuery(after: after, limit: limit, wait: wait) }
    }

    @Test func patientsHaveAnotherNameUnderEachKey() throws {
        let subscribers = ["one", "two"].map {
            Subscriber(name: $0, sealingKey: Cast.unsealer($0).publicKey)
        }
        func names(root: String, network: Digest) throws -> [Digest] {
            let keys = PseudonymKeys(
                rootKey: SecretKey(SecretBytes(copying: SHA256.hash([UInt8](root.utf8)).bytes)),
                networkID: network, subscribers: subscribers)
            let given = subscribers.compactMap { keys.pseudonym(of: Cast.patient, for: $0) }
            return given + [keys.inbox(of: Cast.patient)]
        }
        let first = try names(root: "root", network: .zero)
        #expect(try names(root: "root", network: .zero) == first)
        let others =
            try names(root: "other", network: .zero)
            + names(root: "root", network: SHA256.hash([UInt8]("network".utf8)))
        let distinctCount = Set(first + others).count
        #expect(distinctCount == 9)
    }
}
