/// The bytes of one packed contract, which never change.
///
/// A million of them are held in memory. An array would take 32 bytes of its own for each and room to grow;
/// here it is 20, with the bytes behind them.
struct PackedBytes: Hashable {
    private final class Storage: ManagedBuffer<UInt32, UInt8> {}

    // Written once before anybody else sees it, and only read since.
    private nonisolated(unsafe) let storage: ManagedBuffer<UInt32, UInt8>

    /// Copies at least one byte.
    init(_ bytes: [UInt8]) {
        precondition(!bytes.isEmpty, "a packed contract begins with its flags")
        storage = Storage.create(minimumCapacity: bytes.count) { _ in UInt32(bytes.count) }
        storage.withUnsafeMutablePointerToElements { elements in
            _ = UnsafeMutableBufferPointer(start: elements, count: bytes.count)
                .initialize(fromContentsOf: bytes)
        }
    }

    var count: Int { Int(storage.header) }
    var first: UInt8 { storage.withUnsafeMutablePointerToElements { $0.pointee } }

    /// Where the bytes lie for as long as this value is held.
    var unheld: UnsafeBufferPointer<UInt8> {
        storage.withUnsafeMutablePointers { count, elements in
            UnsafeBufferPointer(start: elements, count: Int(count.pointee))
        }
    }

    /// Tells whether two contracts are packed the same.
    static func == (left: PackedBytes, right: PackedBytes) -> Bool {
        left.storage === right.storage
            || withExtendedLifetime((left, right)) { left.unheld.elementsEqual(right.unheld) }
    }

    /// Hashes the bytes.
    func hash(into hasher: inout Hasher) {
        withExtendedLifetime(self) { hasher.combine(bytes: UnsafeRawBufferPointer(unheld)) }
    }
}
