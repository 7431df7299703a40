import Foundation
import Synchronization

/// A file that always holds the input that a worker is trying, so that the input outlives a trap.
///
/// The file is mapped into memory: what is written there is in the file even when the process dies.
struct InputRecord: ~Copyable {
    /// The most bytes of an input that are kept.
    private static let bytesMax = 1 << 20
    private let url: URL
    private let memory: UnsafeMutableRawPointer

    /// Makes the file of one worker.
    init(worker: Int, in folder: URL) throws {
        url = folder.appending(path: "fuzz-input-\(worker)")
        let file = open(url.path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        guard file >= 0, ftruncate(file, off_t(Self.bytesMax + 64)) == 0,
            let memory = mmap(nil, Self.bytesMax + 64, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
            memory != MAP_FAILED
        else { throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: url.path]) }
        close(file)
        self.memory = memory
    }

    /// Writes the decoder's name, which ends in a newline within 64 bytes, and then every input behind it.
    func begin(_ decoder: String) {
        var head = [UInt8](decoder.utf8.prefix(48))
        head += repeatElement(UInt8(ascii: " "), count: 48 - head.count)
        head.withUnsafeBytes { memory.copyMemory(from: $0.baseAddress!, byteCount: 48) }
    }

    /// Writes an input: its count in 8 bytes, then its bytes.
    func note(_ input: [UInt8]) {
        memory.storeBytes(of: UInt64(input.count), toByteOffset: 56, as: UInt64.self)
        input.withUnsafeBytes {
            guard let start = $0.baseAddress else { return }
            (memory + 64).copyMemory(from: start, byteCount: min(input.count, Self.bytesMax))
        }
    }

    /// Takes the file away, when nothing was found.
    func remove() { try? FileManager.default.removeItem(at: url) }

    deinit { munmap(memory, Self.bytesMax + 64) }
}
