import Model

/// Where elements of one kind stand in a resource: names joined by dots.
///
/// Lists are entered wherever they occur, so `component.code` names the codes of all components.
/// `section*.code` also names those of the sections in sections, and `**` stands for any depth.
struct ElementPath: Sendable {
    private let names: [String]

    init(_ text: String) {
        names = text.utf8.split(separator: UInt8(ascii: ".")).map { String(Substring($0)) }
    }

    /// Returns every value at this path, lists taken apart.
    func values(in resource: JSONValue) -> [JSONValue] {
        var found: [JSONValue] = []
        Self.collect(resource, names[...], into: &found)
        return found
    }

    private static func collect(
        _ value: JSONValue, _ names: ArraySlice<String>, into found: inout [JSONValue]
    ) {
        if let elements = value.array {
            for element in elements { collect(element, names, into: &found) }
            return
        }
        guard let name = names.first else {
            found.append(value)
            return
        }
        if name == "**" {
            collect(value, names.dropFirst(), into: &found)
            for member in value.members ?? [] where member.name != "extension" {
                if member.value.array != nil || member.value.members != nil {
                    collect(member.value, names, into: &found)
                }
            }
        } else if name.utf8.last == UInt8(ascii: "*") {
            for inner in value[String(name.dropLast())].map({ $0.array ?? [$0] }) ?? [] {
                collect(inner, names.dropFirst(), into: &found)
                collect(inner, names, into: &found)
            }
        } else if let next = value[name] {
            collect(next, names.dropFirst(), into: &found)
        }
    }
}
