import CLibsodium

/// Thirty-two bytes held inline, in memory order, so that C reads them in place and no array is
/// allocated.
struct Bytes32: Hashable, Sendable, Comparable {
    static let byteCount = 32
    static let zero = Bytes32()

    private var first: UInt64 = 0
    private var second: UInt64 = 0
    private var third: UInt64 = 0
    private var fourth: UInt64 = 0

    private init() {}

    /// Lets a C function write all thirty-two bytes.
    init(filling body: (UnsafeMutablePointer<UInt8>) -> Void) {
        withUnsafeMutableBytes(of: &self) { buffer in
            // The buffer spans this 32-byte value, so it has an address.
            body(buffer.baseAddress!.assumingMemoryBound(to: UInt8.self))
        }
    }

    /// Copies exactly thirty-two bytes; nil for any other count.
    init?(_ bytes: some Sequence<UInt8>) {
        let copied = bytes.withContiguousStorageIfAvailable { source -> Bytes32? in
            guard source.count == Bytes32.byteCount else { return nil }
            return UnsafeRawBufferPointer(source).loadUnaligned(as: Bytes32.self)
        }
        if let copied {
            guard let copied else { return nil }
            self = copied
            return
        }
        var count = 0
        withUnsafeMutableBytes(of: &self) { buffer in
            for byte in bytes {
                if count < buffer.count { buffer[count] = byte }
                count += 1
                if count > buffer.count { break }
            }
        }
        guard count == Bytes32.byteCount else { return nil }
    }

    var array: [UInt8] { withUnsafeBytes(of: self) { [UInt8]($0) } }

    func withOctets<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
        withUnsafeBytes(of: self) { buffer in
            // The buffer spans this 32-byte value, so it has an address.
            body(buffer.baseAddress!.assumingMemoryBound(to: UInt8.self))
        }
    }

    static func < (left: Bytes32, right: Bytes32) -> Bool {
        if left.first != right.first { return left.first.bigEndian < right.first.bigEndian }
        if left.second != right.second { return left.second.bigEndian < right.second.bigEndian }
        if left.third != right.third { return left.third.bigEndian < right.third.bigEndian }
        return left.fourth.bigEndian < right.fourth.bigEndian
    }
}
