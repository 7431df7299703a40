import Model

/// Collects the codes of a resource by the table of its type.
struct ResourceCodes {
    private let container: JSONValue
    private let codesByReference: [String: Known<Coding>]
    private var found: Set<Coding> = []
    private var isComplete = true

    /// How deeply contained resources are followed: a prescription, its drug, an ingredient of that.
    private static let depthMax = 3

    init(container: JSONValue, codesByReference: [String: Known<Coding>]) {
        self.container = container
        self.codesByReference = codesByReference
        visit(container, depth: 0)
    }

    /// The codes in order, and whether these are all.
    var codes: Known<Coding> { Known(found.sorted(), isComplete: isComplete) }

    private mutating func visit(_ resource: JSONValue, depth: Int) {
        guard depth <= Self.depthMax, let row = resource["resourceType"]?.string.flatMap(ResourceTable.row)
        else {
            isComplete = false
            return
        }
        let main = row.mainCodes.flatMap { $0.values(in: resource) }
        let references = row.codeReferences.flatMap { $0.values(in: resource) }
        if !row.mainCodes.isEmpty && main.isEmpty && references.isEmpty { isComplete = false }
        for value in main + row.codes.flatMap({ $0.values(in: resource) }) { add(concept: value) }
        for value in references { add(reference: value, depth: depth) }
    }

    /// Takes a CodeableConcept or a Coding; words without a code are a gap.
    private mutating func add(concept: JSONValue) {
        guard let codings = concept["coding"] else {
            add(coding: concept)
            return
        }
        let elements = codings.array ?? []
        if elements.isEmpty { isComplete = false }
        for coding in elements { add(coding: coding) }
    }

    private mutating func add(coding: JSONValue) {
        guard let system = coding["system"]?.string, let code = coding["code"]?.string,
            let coding = Coding(system: system, code: code)
        else {
            isComplete = false
            return
        }
        found.insert(coding)
    }

    private mutating func add(reference: JSONValue, depth: Int) {
        if let text = reference["reference"]?.string, text.utf8.first == UInt8(ascii: "#") {
            let id = text.utf8.dropFirst()
            let named = (container["contained"]?.array ?? []).filter {
                $0["id"]?.string?.utf8.elementsEqual(id) ?? false
            }
            if named.count == 1 { visit(named[0], depth: depth + 1) } else { isComplete = false }
            return
        }
        guard let text = ResourceReference(reference).text, let known = codesByReference[text] else {
            isComplete = false
            return
        }
        found.formUnion(known.elements)
        isComplete = isComplete && known.isComplete
    }
}
