import LedgerProtocol

/// One decoder under test, without its type.
struct Decoder: Sendable {
    /// What came of one input.
    enum Outcome: Sendable {
        /// The input was refused, as almost every one must be.
        case refused
        /// The input was read, and writing what was read gave it again.
        case kept
        /// The decoder read an input that its encoder does not write; the sentence says how.
        case broken(String)
    }

    /// How much of the work a decoder gets: one that checks keys takes a thousand times as long as a vote.
    enum Share: Int, Sendable {
        case small = 1
        case medium = 4
        case usual = 24
    }

    /// The name under which it is reported and chosen.
    let name: String
    /// Inputs that it must keep, from which others are made.
    let examples: [[UInt8]]
    let share: Share
    /// Whether its inputs are lines and words, not fields of fixed width.
    let isText: Bool
    let read: @Sendable ([UInt8]) -> Outcome

    /// A decoder that is judged by writing again what was read; `again` gives nil for what it refuses.
    init(
        _ name: String, examples: [[UInt8]], isText: Bool = true, share: Share = .medium,
        again: @escaping @Sendable ([UInt8]) -> [UInt8]?
    ) {
        self.init(name, examples: examples, isText: isText, share: share) { bytes -> Outcome in
            guard let written = again(bytes) else { return .refused }
            return written == bytes ? .kept : .broken("it read what it writes in another way")
        }
    }

    /// A decoder with a contract of its own.
    init(
        _ name: String, examples: [[UInt8]], isText: Bool = true, share: Share = .medium,
        read: @escaping @Sendable ([UInt8]) -> Outcome
    ) {
        self.name = name
        self.examples = examples
        self.share = share
        self.isText = isText
        self.read = read
    }

    /// A binary form of the protocol.
    init<Form: BinaryForm>(_ name: String, _ form: Form.Type, examples: [[UInt8]]) {
        self.init(name, examples: examples, isText: false, share: .usual) { bytes -> [UInt8]? in
            (try? Form(decoding: bytes))?.encoded
        }
    }

    /// The examples that the decoder does not keep; there must be none.
    var wrongExamples: [Int] {
        examples.indices.filter { place in
            if case .kept = read(examples[place]) { false } else { true }
        }
    }
}
