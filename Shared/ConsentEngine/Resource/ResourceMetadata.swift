package import Model

/// What decisions need to know of one FHIR resource, taken from its content by the table of its type.
///
/// What the resource states in a form that cannot be read is never passed over: the list that it belongs to
/// says that it is not complete, and a date becomes unknown.
package struct ResourceMetadata: Hashable, Sendable {
    /// The FHIR type, such as `Observation`.
    package let type: String
    /// The id within its type.
    package let id: String
    /// The clinical date with its precision, in milliseconds since 1970; nil when it cannot be told.
    package let clinicalDate: Interval?
    /// Who wrote, performed, recorded, asserted or asked for it, in byte order. Not complete when nobody is
    /// named: somebody did.
    package let authors: Known<String>
    /// The Encounters, EpisodesOfCare and CarePlans that it refers to directly, itself left out, in byte
    /// order; also `urn:uuid:` references that may name one.
    package let related: Known<String>
    /// Its codes, in order. Not complete when a code is only described in words or missing.
    package let codes: Known<Coding>
    /// What `meta.security` says.
    package let statedLabels: StatedLabels

    /// Extracts the metadata of a resource; nil when it has no type or no id.
    ///
    /// - Parameters:
    ///   - zone: the zone of the organisation, in which dates without zone are read.
    ///   - agents: the agents of each Provenance that names this resource as a target.
    ///   - codesByReference: the codes of other resources, by the literal or `urn:uuid:` reference to them;
    ///     they stand in where a reference takes the place of a code, such as a MedicationRequest's
    ///     medication.
    package init?(
        resource: JSONValue, zone: ZoneRules = .utc, agents: Known<String> = Known([]),
        codesByReference: [String: Known<Coding>] = [:]
    ) {
        guard let type = resource["resourceType"]?.string, ResourceReference.isType(type.utf8[...]),
            let id = resource["id"]?.string, ResourceReference.isID(id.utf8[...])
        else { return nil }
        self.type = type
        self.id = id
        let row = ResourceTable.row(of: type)
        clinicalDate = row.flatMap { Self.clinicalDate(of: resource, $0, zone) }
        authors = Self.authors(of: resource, row, agents)
        related = RelatedReferences.find(in: resource, itself: "\(type)/\(id)")
        codes = ResourceCodes(container: resource, codesByReference: codesByReference).codes
        statedLabels = StatedLabels(security: resource["meta"]?["security"])
    }

    /// Returns the facts for the resource step.
    ///
    /// - Parameters:
    ///   - custodian: the organisation that holds the resource, then those above it.
    ///   - labels: the labels after the rules have run; nil when they could not be determined.
    package func facts(custodian: [String], labels: ResourceLabels?) -> ResourceFacts {
        ResourceFacts(
            type: type, id: id, custodian: custodian, clinicalDate: clinicalDate, authors: authors,
            related: related, codes: codes, labels: labels)
    }

    private static func clinicalDate(
        of resource: JSONValue, _ row: ResourceTable, _ zone: ZoneRules
    ) -> Interval? {
        for element in row.dates {
            switch element {
            case .point(let path):
                let values = path.values(in: resource)
                if values.isEmpty { continue }
                return values.count == 1 ? point(values[0], zone) : nil
            case .period(let path):
                let values = path.values(in: resource)
                if values.isEmpty { continue }
                return values.count == 1 ? period(values[0], zone) : nil
            case .undetermined(let path):
                if !path.values(in: resource).isEmpty { return nil }
            }
        }
        return nil
    }

    private static func point(_ value: JSONValue, _ zone: ZoneRules) -> Interval? {
        value.string.flatMap { FHIRDateTime.milliseconds(of: $0, zone: zone) }
            .map { Interval(start: $0.lowerBound, end: $0.upperBound) }
    }

    /// Reads a Period; nil when it states nothing, states what is no date or ends before it starts.
    private static func period(_ value: JSONValue, _ zone: ZoneRules) -> Interval? {
        let start = value["start"].map { point($0, zone) }
        let end = value["end"].map { point($0, zone) }
        switch (start, end) {
        case (.some(nil), _), (_, .some(nil)), (nil, nil): return nil
        case (.some(let start?), nil): return Interval(start: start.start, end: nil)
        case (nil, .some(let end?)): return Interval(start: nil, end: end.end)
        case (.some(let start?), .some(let end?)):
            guard let first = start.start, let last = end.end, first <= last else { return nil }
            return Interval(start: first, end: last)
        }
    }

    private static func authors(
        of resource: JSONValue, _ row: ResourceTable?, _ agents: Known<String>
    ) -> Known<String> {
        let own = ReferenceList((row?.authors ?? []).flatMap { $0.values(in: resource) })
        let all = Set(own.texts + agents.elements)
        return Known(
            all.sorted(by: precedes),
            isComplete: row != nil && own.isComplete && agents.isComplete && !all.isEmpty)
    }
}

/// What a Provenance says of who made other resources.
package struct ProvenanceAgents: Hashable, Sendable {
    /// The resources that it speaks of.
    package let targets: Known<String>
    /// Its agents, of whatever part in them.
    package let agents: Known<String>

    /// Reads a Provenance; nil for another resource.
    package init?(provenance: JSONValue) {
        guard provenance["resourceType"]?.string == "Provenance" else { return nil }
        targets = Self.references("target", provenance)
        agents = Self.references("agent.who", provenance)
    }

    private static func references(_ path: String, _ provenance: JSONValue) -> Known<String> {
        let list = ReferenceList(ElementPath(path).values(in: provenance))
        return Known(Set(list.texts).sorted(by: precedes), isComplete: list.isComplete && !list.texts.isEmpty)
    }
}

/// Several References, as far as they can be told.
private struct ReferenceList {
    let texts: [String]
    let isComplete: Bool

    init(_ values: [JSONValue]) {
        texts = values.compactMap { ResourceReference($0).text }
        isComplete = texts.count == values.count
    }
}

extension ResourceMetadata {
    /// The types of which something can be told; of others everything is unknown.
    package static var types: Set<String> { ResourceTable.types }
}
