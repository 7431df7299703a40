package import Cryptography
package import Model

/// Stores the resources of a Bundle for a patient, under the custody of the organisation that sends it.
package struct StoreBundle: Sendable {
    /// Resources that one event names; the event's payload has to fit into a Kafka record.
    package static let resourcesPerEventMax = 1_000

    /// The organisation that holds the records from now on.
    package let custodian: ParticipantID
    /// Whose records they are.
    package let patient: ParticipantID
    /// The Bundle taken apart.
    package let bundle: SplitBundle

    /// States the command.
    package init(custodian: ParticipantID, patient: ParticipantID, bundle: SplitBundle) {
        self.custodian = custodian
        self.patient = patient
        self.bundle = bundle
    }

    /// The version of a resource that is the newest now.
    package struct CurrentVersion: Hashable, Sendable {
        /// The version.
        package let version: RecordVersionID
        /// The keyed mark of its content.
        package let mark: Digest

        /// States a version.
        package init(version: RecordVersionID, mark: Digest) {
            self.version = version
            self.mark = mark
        }
    }

    /// What becomes of one resource.
    package struct Placement: Hashable, Sendable {
        /// The resource.
        package let key: ResourceKey
        /// Where its bytes are in the Bundle.
        package let range: Range<Int>
        /// The version that holds them.
        package let version: RecordVersionID
        /// The keyed mark of the bytes.
        package let mark: Digest
        /// Whether the version is made now; otherwise it holds the same bytes already.
        package let isNew: Bool
        /// Whether a version of other bytes was the newest before.
        package let supersedes: Bool
    }

    /// Decides which resources become new versions; content that is the newest already changes nothing.
    ///
    /// - Parameters:
    ///   - current: the newest versions of these resources at this custodian.
    ///   - marks: the keyed marks of the resources' bytes, in their order.
    ///   - versions: a fresh id for each resource.
    package func decide(
        current: [ResourceKey: CurrentVersion], marks: [Digest], versions: [RecordVersionID]
    ) -> [Placement] {
        zip(bundle.resources, zip(marks, versions)).map { resource, fresh in
            let (mark, version) = fresh
            let existing = current[resource.key]
            let isSame = existing?.mark == mark
            return Placement(
                key: resource.key, range: resource.range,
                version: isSame ? existing?.version ?? version : version,
                mark: mark, isNew: !isSame, supersedes: existing != nil && !isSame)
        }
    }

    /// The data of the events `records.stored.v1`: what is new, and its hash for whoever has the content.
    package func events(for placements: [Placement]) -> [JSONValue] {
        let new = placements.filter(\.isNew)
        return stride(from: 0, to: new.count, by: Self.resourcesPerEventMax).map { start in
            let part = new[start..<min(start + Self.resourcesPerEventMax, new.count)]
            return ["custodian": .string(custodian.description), "resources": .array(part.map(described))]
        }
    }

    private func described(_ placement: Placement) -> JSONValue {
        let hash = bundle.bytes[placement.range].withUnsafeBytes { SHA256.hash($0) }
        return [
            "id": .string(placement.key.id), "sha256": .string(hash.hex), "type": .string(placement.key.type),
            "version": .string(placement.version.description),
        ]
    }

    /// The answer: a transaction-response Bundle with one entry for each entry of the request, in its order.
    package func response(for placements: [Placement]) -> JSONValue {
        var remaining = placements.makeIterator()
        let entries = bundle.entries.map { entry -> JSONValue in
            switch entry {
            case .skipped(let type, let handling): Self.skipped(type, handling)
            case .resource: remaining.next().map(Self.stored) ?? nil
            }
        }
        var members: [JSONMember] = [
            JSONMember(name: "resourceType", value: "Bundle"),
            JSONMember(name: "type", value: "transaction-response"),
        ]
        if !entries.isEmpty { members.append(JSONMember(name: "entry", value: .array(entries))) }
        return .object(members)
    }

    private static func stored(_ placement: Placement) -> JSONValue {
        let status = !placement.isNew || placement.supersedes ? "200 OK" : "201 Created"
        return [
            "response": [
                "status": .string(status),
                "location": .string("\(placement.key.reference)/_history/\(placement.version)"),
                "etag": .string("W/\"\(placement.version)\""),
            ]
        ]
    }

    private static func skipped(_ type: String, _ handling: ResourceTypeTable.Handling) -> JSONValue {
        let reason =
            handling == .contract
            ? "a `\(type)` is a contract and not a record; send it to the consent service"
            : "a `\(type)` belongs to a directory and not to a patient's record; it was not stored"
        return [
            "response": [
                "status": "204 No Content",
                "outcome": [
                    "resourceType": "OperationOutcome",
                    "issue": [
                        ["severity": "information", "code": "not-supported", "diagnostics": .string(reason)]
                    ],
                ],
            ]
        ]
    }
}
