package import Model

/// A FHIR Bundle taken apart: which resources are stored, and the exact bytes of each.
package struct SplitBundle: Sendable {
    /// The longest Bundle; what is larger is sent in several.
    package static let bytesMax = 16 << 20
    /// The most entries of a Bundle, so that one transaction stays short.
    package static let entryCountMax = 2_000

    /// What becomes of one entry, in the Bundle's order.
    package enum Entry: Hashable, Sendable {
        /// A resource that is stored, and where its bytes are.
        case resource(ResourceKey, Range<Int>)
        /// A resource that is passed over.
        case skipped(type: String, ResourceTypeTable.Handling)
    }

    /// The Bundle as received.
    package let bytes: [UInt8]
    /// One element for each of the Bundle's entries.
    package let entries: [Entry]

    /// The resources that are stored, in the Bundle's order.
    package var resources: [(key: ResourceKey, range: Range<Int>)] {
        entries.compactMap { entry in
            guard case .resource(let key, let range) = entry else { return nil }
            return (key, range)
        }
    }

    /// Takes a Bundle apart, or refuses it whole.
    ///
    /// The Bundle's own Patient may have any id: the custodian's number for the person. Every resource that
    /// names a patient has to name this one, by the entry's `fullUrl` or as `Patient/<id>`, or the vault's
    /// `patient`.
    /// - Throws: `BundleRefusal` that names the entry.
    package init(_ bytes: [UInt8], patient: ParticipantID) throws(BundleRefusal) {
        guard bytes.count <= Self.bytesMax else { throw .tooLarge }
        let ranges: [Range<Int>]
        do throws(JSONError) {
            ranges = try JSONScanner.elements(of: bytes, arrayNamed: "entry", memberNamed: "resource")
        } catch {
            throw error.code == .unexpectedShape ? .notBundle : .notJSON(reason: error.description)
        }
        let skeleton = try BundleSkeleton(bytes, without: ranges)
        guard skeleton.entries.count <= Self.entryCountMax else { throw .tooManyEntries }
        var splitter = BundleSplitter(bytes: bytes, patient: patient, skeleton: skeleton)
        try splitter.findPatient(ranges)
        self.entries = try splitter.split(ranges)
        self.bytes = bytes
    }
}

/// A Bundle without the content of its resources, small enough to be read as one value.
private struct BundleSkeleton {
    private static let types: Set<String> = ["transaction", "batch", "collection", "searchset"]
    private static let methods: Set<String> = ["POST", "PUT"]

    let entries: [JSONValue]

    init(_ bytes: [UInt8], without ranges: [Range<Int>]) throws(BundleRefusal) {
        var skeleton: [UInt8] = []
        var position = 0
        for range in ranges {
            skeleton += bytes[position..<range.lowerBound]
            skeleton += [UInt8(ascii: "{"), UInt8(ascii: "}")]
            position = range.upperBound
        }
        skeleton += bytes[position...]
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue(parsing: skeleton) } catch {
            throw .notJSON(reason: error.description)
        }
        guard value["resourceType"]?.string == "Bundle", let type = value["type"]?.string,
            Self.types.contains(type)
        else { throw .notBundle }
        guard let entries = value["entry"] == nil ? [] : value["entry"]?.array else { throw .notBundle }
        for (index, entry) in entries.enumerated() {
            let method = entry["request"]?["method"]
            // INVARIANT: an entry that asks for a deletion or a read is never taken for something to store.
            guard entry["resource"] != nil, method == nil || Self.methods.contains(method?.string ?? "")
            else {
                throw .notStorable(entry: index)
            }
        }
        self.entries = entries
    }
}

/// Reads one resource after the other, so that no more than one is held as a value.
private struct BundleSplitter {
    let bytes: [UInt8]
    let skeleton: BundleSkeleton
    /// The references that mean the Bundle's patient.
    private var patientReferences: Set<String>

    init(bytes: [UInt8], patient: ParticipantID, skeleton: BundleSkeleton) {
        self.bytes = bytes
        self.skeleton = skeleton
        patientReferences = ["Patient/\(patient)", "urn:uuid:\(patient)"]
    }

    /// Finds the Bundle's own Patient, wherever it stands.
    mutating func findPatient(_ ranges: [Range<Int>]) throws(BundleRefusal) {
        var isFound = false
        for (index, range) in ranges.enumerated() where mayBePatient(range) {
            let resource = try resource(index, range)
            guard resource["resourceType"]?.string == "Patient" else { continue }
            guard !isFound else { throw .secondPatient(entry: index) }
            isFound = true
            guard let id = resource["id"]?.string, ResourceKey.isID(id) else {
                throw .unidentified(entry: index)
            }
            patientReferences.insert("Patient/\(id)")
            if let fullURL = skeleton.entries[index]["fullUrl"]?.string { patientReferences.insert(fullURL) }
        }
    }

    func split(_ ranges: [Range<Int>]) throws(BundleRefusal) -> [SplitBundle.Entry] {
        var entries: [SplitBundle.Entry] = []
        var seen: Set<ResourceKey> = []
        for (index, range) in ranges.enumerated() {
            let resource = try resource(index, range)
            guard let type = resource["resourceType"]?.string, let id = resource["id"]?.string,
                ResourceKey.isID(id)
            else { throw .unidentified(entry: index) }
            guard let handling = ResourceTypeTable.handling(of: type) else {
                throw .unknownType(entry: index)
            }
            guard handling == .stored else {
                entries.append(.skipped(type: type, handling))
                continue
            }
            guard belongsToPatient(resource) else { throw .otherPatient(entry: index) }
            let key = ResourceKey(type: type, id: id)
            guard seen.insert(key).inserted else { throw .duplicate(entry: index) }
            entries.append(.resource(key, range))
        }
        return entries
    }

    private func resource(_ index: Int, _ range: Range<Int>) throws(BundleRefusal) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: Array(bytes[range]))
        } catch {
            throw .notStorable(entry: index)
        }
    }

    /// A quick look that spares reading most resources twice; an escaped name is read anyway.
    private func mayBePatient(_ range: Range<Int>) -> Bool {
        let word = Array("\"Patient\"".utf8)
        var position = range.lowerBound
        while position < range.upperBound {
            if bytes[position] == UInt8(ascii: "\\") { return true }
            if bytes[position] == word[0], bytes[position..<range.upperBound].starts(with: word) {
                return true
            }
            position += 1
        }
        return false
    }

    private func belongsToPatient(_ resource: JSONValue) -> Bool {
        for name in ResourceTypeTable.patientMembers {
            guard let value = resource[name] else { continue }
            for reference in value.array ?? [value] {
                guard let text = reference["reference"]?.string, patientReferences.contains(text) else {
                    return false
                }
            }
        }
        return true
    }
}
