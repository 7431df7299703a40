import Glibc
import Synchronization

/// Writes whole lines to a file descriptor and drops them, counted, when the reader does not keep up.
///
/// A line is written in pieces that a pipe reported ready always takes, so a stalled log collector costs
/// a request at most ``waitMilliseconds`` once, and nothing while it stays stalled.
package final class LogSink: Sendable {
    /// The process's standard error.
    package static let standardError = LogSink(fileDescriptor: STDERR_FILENO)

    /// A pipe that polls as writable takes this many bytes without blocking (POSIX `PIPE_BUF` on Linux).
    private static let pieceBytesMax = 4_096
    private static let waitMilliseconds: Int32 = 100

    private struct State {
        var droppedLineCount = 0
        var isInsideLine = false
    }

    private let fileDescriptor: Int32
    private let state = Mutex(State())

    /// Makes a sink over an open descriptor, which the caller keeps open as long as the sink lives.
    package init(fileDescriptor: Int32) { self.fileDescriptor = fileDescriptor }

    /// Writes one line, to which it adds the line end.
    ///
    /// - Parameter line: makes the line from the number of lines that were dropped before it.
    func write(_ line: (_ droppedLineCount: Int) -> [UInt8]) {
        state.withLock { state in
            let isStalled = state.droppedLineCount > 0
            var bytes = line(state.droppedLineCount) + [UInt8(ascii: "\n")]
            if state.isInsideLine { bytes.insert(UInt8(ascii: "\n"), at: 0) }
            let writtenCount = write(bytes, firstWait: isStalled ? 0 : Self.waitMilliseconds)
            if writtenCount == bytes.count {
                state = State()
            } else {
                state.droppedLineCount += 1
                state.isInsideLine = writtenCount > 0 || state.isInsideLine
            }
        }
    }

    private func write(_ bytes: [UInt8], firstWait: Int32) -> Int {
        bytes.withUnsafeBytes { buffer in
            var position = 0
            while position < buffer.count {
                var poller = pollfd(fd: fileDescriptor, events: Int16(POLLOUT), revents: 0)
                let wait = position == 0 ? firstWait : Self.waitMilliseconds
                guard poll(&poller, 1, wait) == 1 else { return position }
                let piece = UnsafeRawBufferPointer(
                    rebasing: buffer[position..<min(position + Self.pieceBytesMax, buffer.count)])
                let count = Glibc.write(fileDescriptor, piece.baseAddress, piece.count)
                if count > 0 {
                    position += count
                } else if errno != EINTR && errno != EAGAIN {
                    return position
                }
            }
            return position
        }
    }
}
