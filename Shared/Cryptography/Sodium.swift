import CLibsodium

/// Prepares libsodium once per process.
enum Sodium {
    /// The answer of `sodium_init`: 0 the first time, 1 when it had run before, negative when it failed.
    static let status: CInt = sodium_init()

    /// Makes sure that libsodium chose its implementations and its random source before they are used.
    static func prepare() {
        // INVARIANT: without a random source no key may be made, so the process must not go on.
        precondition(status >= 0, "libsodium could not be initialised; check the system's random source")
    }
}

extension UnsafeRawBufferPointer {
    // Stands for the address of an empty buffer where C declares that its argument is never null.
    private static let nowhere: StaticString = "empty"

    /// The address as the C functions take it; for an empty buffer some address that they never read.
    var octets: UnsafePointer<UInt8> {
        baseAddress?.assumingMemoryBound(to: UInt8.self) ?? UnsafeRawBufferPointer.nowhere.utf8Start
    }
}

extension UnsafeMutableRawBufferPointer {
    /// The address as the C functions take it; for an empty buffer some address that they never write.
    var octets: UnsafeMutablePointer<UInt8> {
        UnsafeMutablePointer(mutating: UnsafeRawBufferPointer(self).octets)
    }
}
