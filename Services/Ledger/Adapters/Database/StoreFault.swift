package import LedgerCore
import ServiceRuntime

/// What keeps a validator from trusting its own store.
package struct StoreFault: Loggable, CustomStringConvertible, Equatable {
    /// The halt that follows, if what was found means that the store must not be used any more.
    package let halt: HaltCause?
    /// What was found, and what to do.
    package let description: String
    package var logDescription: String { description }

    /// A row is not there that the others call for, which also happens while a newer one is being written.
    static func missing(_ what: String) -> StoreFault {
        StoreFault(halt: nil, description: "the store lacks \(what); it is asked for again when it is needed")
    }

    /// Rows are not what was stored, and the scrubber is to write them again.
    static func damaged(_ what: String) -> StoreFault {
        StoreFault(halt: nil, description: "\(what) is not what was stored; it waits for its repair")
    }

    /// Rows contradict each other.
    static func contradiction(_ what: String) -> StoreFault {
        StoreFault(
            halt: .storeContradictsRoot,
            description: "\(HaltCause.storeContradictsRoot): \(what) does not fit")
    }
}
