/// A random 128-bit identifier of one kind of thing; identifiers of different kinds do not mix.
///
/// Written as a lower-case UUID (RFC 9562 section 4), which is also a valid FHIR `id`.
package struct Identifier<Kind>: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The upper and the lower 64 bits, big endian.
    private let high: UInt64
    private let low: UInt64

    /// Makes an identifier of exactly 16 bytes; nil for any other count.
    package init?(_ bytes: some Sequence<UInt8>) {
        let read = bytes.withContiguousStorageIfAvailable { source -> (UInt64, UInt64)? in
            guard source.count == 16 else { return nil }
            let raw = UnsafeRawBufferPointer(source)
            return (
                UInt64(bigEndian: raw.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        if let read {
            guard let read else { return nil }
            (high, low) = read
            return
        }
        var words: (UInt64, UInt64) = (0, 0)
        var count = 0
        for byte in bytes {
            if count < 8 {
                words.0 = words.0 << 8 | UInt64(byte)
            } else {
                words.1 = words.1 << 8 | UInt64(byte)
            }
            count += 1
            if count > 16 { return nil }
        }
        guard count == 16 else { return nil }
        (high, low) = words
    }

    /// Reads the lower-case UUID form strictly; nil for anything else, upper case too.
    package init?(_ text: String) {
        let characters = Array(text.utf8)
        guard characters.count == 36 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        var nibble: UInt8?
        for (position, character) in characters.enumerated() {
            if Self.hyphenPositions.contains(position) {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            let value: UInt8
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = character - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = character - UInt8(ascii: "a") + 10
            default: return nil
            }
            if let upper = nibble {
                bytes.append(upper << 4 | value)
                nibble = nil
            } else {
                nibble = value
            }
        }
        self.init(bytes)
    }

    /// The 16 bytes, big endian.
    package var bytes: [UInt8] {
        (0..<16).map { index in
            let word = index < 8 ? high : low
            return UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * (index % 8)))
        }
    }

    /// The lower-case UUID form.
    package var description: String {
        let digits = Array("0123456789abcdef".utf8)
        var characters: [UInt8] = []
        characters.reserveCapacity(36)
        for byte in bytes {
            if Self.hyphenPositions.contains(characters.count) { characters.append(UInt8(ascii: "-")) }
            characters.append(digits[Int(byte >> 4)])
            characters.append(digits[Int(byte & 0x0f)])
        }
        return String(decoding: characters, as: UTF8.self)
    }

    /// Spreads identifiers over `partitionCount` partitions; the same identifier always takes the same one.
    ///
    /// The producer chooses partitions by this rule itself, so that no broker's hash takes part in ordering.
    package func partition(of partitionCount: Int32) -> Int32 {
        precondition(partitionCount > 0, "a topic has at least one partition")
        return Int32(truncatingIfNeeded: low % UInt64(partitionCount))
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    private static var hyphenPositions: [Int] { [8, 13, 18, 23] }
}

/// The kinds of things that carry identifiers; never instantiated.
package enum IdentifierKind {
    /// A patient, practitioner, organisation or system that is enrolled.
    package enum Participant {}
    /// A ledger entry and, being the same number, the event that it stands for.
    package enum Entry {}
    /// A consent contract over all its versions.
    package enum Contract {}
}

/// Names a patient, practitioner, organisation or system.
package typealias ParticipantID = Identifier<IdentifierKind.Participant>
/// Names an event and its ledger entry; an access decision is named by the entry of its event.
package typealias EntryID = Identifier<IdentifierKind.Entry>
/// Names a consent contract.
package typealias ContractID = Identifier<IdentifierKind.Contract>
