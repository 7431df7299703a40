/// The command line of `devbroker`.
struct Arguments {
    let topicsPath: String
    let addressPath: String
    /// The port on which clients find the broker again after a restart; nil leaves the choice to the system.
    let port: Int?

    init(_ words: some Collection<String>) throws(DevBrokerFault) {
        var values: [String: String] = [:]
        var rest = words[...]
        while let name = rest.popFirst() {
            guard ["--topics", "--address-file", "--port"].contains(name) else {
                throw DevBrokerFault("unknown argument `\(name)`: \(Self.usage)")
            }
            guard let value = rest.popFirst() else {
                throw DevBrokerFault("`\(name)` lacks its value: \(Self.usage)")
            }
            values[name] = value
        }
        guard let topicsPath = values["--topics"], let addressPath = values["--address-file"] else {
            throw DevBrokerFault("both paths are needed: \(Self.usage)")
        }
        let port = values["--port"].map { Int($0) ?? 0 }
        guard port.map({ (1...65_535).contains($0) }) ?? true else {
            throw DevBrokerFault("`--port` takes a number from 1 to 65535: \(Self.usage)")
        }
        self.port = port
        self.topicsPath = topicsPath
        self.addressPath = addressPath
    }

    private static let usage = "devbroker --topics deploy/kafka/topics.yaml --address-file PATH [--port N]"
}

/// Why `devbroker` cannot start, in one sentence that says what to do.
struct DevBrokerFault: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
