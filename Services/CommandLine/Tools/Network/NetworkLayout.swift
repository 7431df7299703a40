/// Where the files of a network lie in its folder.
struct NetworkLayout: Sendable {
    let root: String

    init(_ root: String) {
        self.root = root.count > 1 && root.hasSuffix("/") ? String(root.dropLast()) : root
    }

    var genesis: String { "\(root)/genesis.json" }
    var subscribers: String { "\(root)/subscribers/subscribers.json" }

    func validatorKey(_ number: Int, _ key: String) -> String {
        "\(root)/keys/validator-\(number)/\(key).key"
    }
    func serviceKey(_ service: String, _ key: String) -> String { "\(root)/keys/\(service)/\(key).key" }
    func organizationKey(_ name: String) -> String { "\(root)/keys/organizations/\(Self.slug(name)).key" }
    func subscriberFile(_ name: String, _ file: String) -> String { "\(root)/subscribers/\(name)/\(file)" }

    /// A name as a file name: lower case, with a hyphen for every run of anything but a–z and 0–9.
    static func slug(_ name: String) -> String {
        let words = name.lowercased().unicodeScalars.split { scalar in
            !("a"..."z").contains(scalar) && !("0"..."9").contains(scalar)
        }
        return words.map { String(String.UnicodeScalarView($0)) }.joined(separator: "-")
    }
}
