import Foundation

/// The file in which other processes find the broker's address.
struct AddressFile {
    private let path: String

    /// Writes the address in one step, so that a reader never sees half of it.
    init(path: String, address: String) throws(DevBrokerFault) {
        do {
            try Data("\(address)\n".utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw DevBrokerFault("address file `\(path)` cannot be written: choose a writable folder")
        }
        self.path = path
    }

    func remove() {
        unlink(path)
    }
}

/// Waits for SIGTERM or SIGINT without a handler.
struct TerminationSignals {
    private var set = sigset_t()

    init() {
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    func `await`() {
        var (set, received) = (set, Int32(0))
        while sigwait(&set, &received) != 0 {}
    }
}
