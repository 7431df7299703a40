import Glibc

/// Finds ports on 127.0.0.1 that nobody listens on.
package enum FreePorts {
    /// Why no ports could be found.
    package struct Fault: Error {}

    /// Gives that many different ports; between this and their use another process may take one.
    /// - Throws: `Fault`.
    package static func take(_ count: Int) throws(Fault) -> [Int] {
        var descriptors: [Int32] = []
        // All stay bound until all are chosen, so that none is given twice.
        defer { for descriptor in descriptors { close(descriptor) } }
        var ports: [Int] = []
        for _ in 0..<count {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            descriptors.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isBound = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
                }
            }
            guard isBound else { throw Fault() }
            ports.append(Int(UInt16(bigEndian: address.sin_port)))
        }
        return ports
    }
}
