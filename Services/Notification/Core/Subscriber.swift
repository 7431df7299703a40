package import Cryptography
import Model

/// A system outside the suite that receives access events under pseudonyms of its own.
package struct Subscriber: Hashable, Sendable {
    /// The most subscribers of one deployment; each event is sealed once for each of them.
    package static let countMax = 64
    /// The longest name; it is part of a topic's name.
    package static let nameBytesMax = 32

    /// Names the subscriber's topic and its pseudonyms.
    package let name: String
    /// The X25519 key to which its events are sealed.
    package let sealingKey: PublicSealingKey

    /// States a subscriber whose name was checked.
    package init(name: String, sealingKey: PublicSealingKey) {
        self.name = name
        self.sealingKey = sealingKey
    }

    /// The topic that carries the subscriber's events, in one partition.
    package var topic: String { Topic.accessEvents(ofSubscriber: name) }

    /// Reads the file of subscribers: `[{"name":"…","sealingKey":"<base64>"}]`, nothing more and nothing
    /// twice.
    ///
    /// - Throws: `SubscriberRefusal`.
    package static func list(parsing bytes: [UInt8]) throws(SubscriberRefusal) -> [Subscriber] {
        guard let document = try? JSONValue(parsing: bytes), let elements = document.array else {
            throw .notAList
        }
        guard elements.count <= countMax else { throw .tooMany }
        var subscribers: [Subscriber] = []
        for (index, element) in elements.enumerated() {
            let subscriber = try Subscriber(element, index: index)
            guard !subscribers.contains(where: { $0.name == subscriber.name }) else {
                throw .nameTwice(index: index)
            }
            subscribers.append(subscriber)
        }
        return subscribers
    }

    private init(_ element: JSONValue, index: Int) throws(SubscriberRefusal) {
        guard let members = element.members, Set(members.map(\.name)) == ["name", "sealingKey"] else {
            throw .wrongMembers(index: index)
        }
        guard let name = element["name"]?.string, Self.isName(name) else { throw .wrongName(index: index) }
        guard let bytes = element["sealingKey"]?.string.flatMap({ Base64.decode($0) }),
            let key = try? PublicSealingKey(bytes)
        else { throw .unsoundKey(index: index) }
        self.init(name: name, sealingKey: key)
    }

    private static func isName(_ text: String) -> Bool {
        let isWord = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return isWord && (1...nameBytesMax).contains(text.utf8.count)
    }
}

/// Says why a file of subscribers is refused; entries count from 0.
package enum SubscriberRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file is not a JSON array.
    case notAList
    /// There are more than ``Subscriber/countMax``.
    case tooMany
    /// An entry lacks a member or has another one.
    case wrongMembers(index: Int)
    /// A name cannot be part of a topic's name.
    case wrongName(index: Int)
    /// A key is no X25519 public key in Base64.
    case unsoundKey(index: Int)
    /// A name is stated before.
    case nameTwice(index: Int)

    /// The refusal in words, with what to do next.
    package var description: String {
        switch self {
        case .notAList: "the file is no JSON array; list each subscriber with name and sealingKey"
        case .tooMany: "the file lists more than \(Subscriber.countMax) subscribers; run another deployment"
        case .wrongMembers(let index): "entry `\(index)` must have name and sealingKey only; correct it"
        case .wrongName(let index):
            "name of entry `\(index)` must be 1 to \(Subscriber.nameBytesMax) of a-z, 0-9 and -; correct it"
        case .unsoundKey(let index):
            "sealingKey of entry `\(index)` is no X25519 key in base64; take the subscriber's public key"
        case .nameTwice(let index): "name of entry `\(index)` is taken by one before; choose another"
        }
    }
}
