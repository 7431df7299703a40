import Model

/// Finds the Encounters, EpisodesOfCare and CarePlans to which a resource refers.
///
/// A literal reference counts wherever it stands, in extensions and contained resources too, since these are
/// parts of the instance. One that cannot be told counts as a gap only in an element that may name such a
/// type.
struct RelatedReferences {
    private var found: Set<String> = []
    private var isComplete = true

    /// The members that a Reference may have; an object with any other is a group of elements.
    private static let members: Set<String> = [
        "id", "extension", "reference", "type", "identifier", "display", "_reference", "_type", "_display",
    ]

    static func find(in resource: JSONValue, itself: String) -> Known<String> {
        var search = RelatedReferences()
        search.visitResource(resource)
        search.found.remove(itself)
        let isListed = resource["resourceType"]?.string.flatMap(ResourceTable.row) != nil
        return Known(search.found.sorted(by: precedes), isComplete: search.isComplete && isListed)
    }

    private mutating func visitResource(_ resource: JSONValue) {
        let row = resource["resourceType"]?.string.flatMap(ResourceTable.row)
        let names = row?.related ?? ResourceTable.everywhere
        for member in resource.members ?? [] {
            if member.name == "contained" {
                for contained in member.value.array ?? [] { visitResource(contained) }
            } else {
                visit(member, names)
            }
        }
    }

    private mutating func visit(_ member: JSONMember, _ names: Set<String>) {
        for value in member.value.array ?? [member.value] {
            guard let members = value.members else { continue }
            if value["reference"]?.string != nil {
                add(ResourceReference(value), mayBeRelated: names.contains(member.name))
            } else if names.contains(member.name), members.allSatisfy({ Self.members.contains($0.name) }) {
                add(ResourceReference(value), mayBeRelated: true)
            }
            for inner in members { visit(inner, names) }
        }
    }

    private mutating func add(_ reference: ResourceReference, mayBeRelated: Bool) {
        let isRelatedType = reference.type.map(ResourceTable.relatedTypes.contains)
        // A type that is stated decides; otherwise the name of the element does.
        guard isRelatedType ?? mayBeRelated else { return }
        if let text = reference.text { found.insert(text) } else { isComplete = false }
    }
}
