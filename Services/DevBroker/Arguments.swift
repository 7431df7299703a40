/// The command line of `devbroker`.
struct Arguments {
    let topicsPath: String
    let addressPath: String

    init(_ words: some Collection<String>) throws(DevBrokerFault) {
        var values: [String: String] = [:]
        var rest = words[...]
        while let name = rest.popFirst() {
            guard ["--topics", "--address-file"].contains(name) else {
                throw DevBrokerFault("unknown argument `\(name)`: \(Self.usage)")
            }
            guard let value = rest.popFirst() else {
                throw DevBrokerFault("`\(name)` lacks its path: \(Self.usage)")
            }
            values[name] = value
        }
        guard let topicsPath = values["--topics"], let addressPath = values["--address-file"] else {
            throw DevBrokerFault("both paths are needed: \(Self.usage)")
        }
        self.topicsPath = topicsPath
        self.addressPath = addressPath
    }

    private static let usage = "devbroker --topics deploy/kafka/topics.yaml --address-file PATH"
}

/// Why `devbroker` cannot start, in one sentence that says what to do.
struct DevBrokerFault: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
