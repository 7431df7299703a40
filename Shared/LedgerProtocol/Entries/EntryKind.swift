/// The kind of an entry: what it says about its payload, never about its event.
package struct EntryKind: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    package let rawValue: UInt16

    /// Takes the number on the wire.
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The payload stays with its service, the type of the event inside it.
    package static let `private` = EntryKind(rawValue: 1)

    /// The payload is a governance document, which changes the network from the next height on.
    package static let governance = EntryKind(rawValue: 0x8001)

    /// Whether the payload travels with the entry and everybody may read it.
    package var isPublic: Bool { rawValue >= 0x8000 }
}
