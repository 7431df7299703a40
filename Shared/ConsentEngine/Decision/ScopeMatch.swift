/// How a scope is held against a resource.
extension DataScope {
    /// Tells whether a provision of this scope and effect applies to a resource.
    ///
    /// INVARIANT: what cannot be determined matches a deny and no permit.
    func matches(_ resource: ResourceFacts, as effect: ProvisionEffect) -> Bool {
        let needed: Truth = effect == .permit ? .yes : .unknown
        return covers(resource.clinicalDate, as: effect) >= needed
            && classes(resource.type) >= needed
            && data(resource) >= needed
            && codes(resource.codes) >= needed
            && labels(resource.labels, as: effect) >= needed
    }

    /// A permit needs the whole date inside, a deny any overlap.
    private func covers(_ date: Interval?, as effect: ProvisionEffect) -> Truth {
        guard let dataPeriod else { return .yes }
        guard let date else { return .unknown }
        switch effect {
        case .permit: return Truth(dataPeriod.contains(date))
        case .deny: return Truth(dataPeriod.overlaps(date))
        }
    }

    private func classes(_ type: String) -> Truth {
        Truth(classes.isEmpty || classes.contains(type))
    }

    private func data(_ resource: ResourceFacts) -> Truth {
        guard !data.isEmpty else { return .yes }
        return data.reduce(.no) { max($0, Self.stands(resource, to: $1)) }
    }

    private static func stands(_ resource: ResourceFacts, to item: DataReference) -> Truth {
        switch item.meaning {
        case .instance: return Truth(resource.isNamed(by: item.reference))
        case .related:
            if resource.isNamed(by: item.reference) { return .yes }
            return resource.related.holds { ResourceFacts.isSame($0, item.reference) }
        case .authoredBy:
            let truth = resource.authors.holds { ResourceFacts.isSame($0, item.reference) }
            // Whose role it is cannot be told from the resource.
            let mayBeRole =
                !item.reference.hasPrefix("PractitionerRole/")
                && resource.authors.elements.contains { $0.hasPrefix("PractitionerRole/") }
            return truth == .no && mayBeRole ? .unknown : truth
        }
    }

    private func codes(_ known: Known<Coding>) -> Truth {
        codes.isEmpty ? .yes : known.holds { codes.contains($0) }
    }

    /// A permit needs each kind of label that it states to be covered; a deny bites on any.
    private func labels(_ labels: ResourceLabels?, as effect: ProvisionEffect) -> Truth {
        guard !confidentialities.isEmpty || !sensitivities.isEmpty else { return .yes }
        guard let labels else { return .unknown }
        switch effect {
        case .permit:
            if let ceiling = confidentialities.max(), labels.confidentiality > ceiling { return .no }
            guard !sensitivities.isEmpty else { return .yes }
            // At least one of those stated, and none outside them.
            return Truth(!labels.sensitivities.isEmpty && labels.sensitivities.allSatisfy(isStated))
        case .deny:
            if let floor = confidentialities.min(), labels.confidentiality >= floor { return .yes }
            return Truth(labels.sensitivities.contains(where: isStated))
        }
    }

    private func isStated(_ sensitivity: SensitivityCode) -> Bool {
        sensitivities.contains { sensitivity.isCovered(by: $0) }
    }
}

extension Interval {
    /// Tells whether another span lies wholly within this one.
    func contains(_ other: Interval) -> Bool {
        let startsWithin = start.map { start in other.start.map { $0 >= start } ?? false } ?? true
        let endsWithin = end.map { end in other.end.map { $0 <= end } ?? false } ?? true
        return startsWithin && endsWithin
    }

    /// Tells whether another span has an instant in common with this one.
    func overlaps(_ other: Interval) -> Bool {
        let beginsInTime = other.start.map { start in end.map { start <= $0 } ?? true } ?? true
        let endsLateEnough = other.end.map { end in start.map { end >= $0 } ?? true } ?? true
        return beginsInTime && endsLateEnough
    }
}

extension Known {
    /// Tells whether one of the elements is as described; unknown when one of the others could be.
    func holds(_ isDescribed: (Element) -> Bool) -> Truth {
        if elements.contains(where: isDescribed) { return .yes }
        return isComplete ? .no : .unknown
    }
}

extension ResourceFacts {
    /// Tells whether a contract's reference is to this resource.
    func isNamed(by reference: String) -> Bool {
        var rest = reference.utf8[...]
        guard rest.starts(with: type.utf8) else { return false }
        rest = rest.dropFirst(type.utf8.count)
        return rest.first == UInt8(ascii: "/") && rest.dropFirst().elementsEqual(id.utf8)
    }

    /// Tells whether a reference found in a resource and one in a contract mean the same.
    ///
    /// A reference by UUID alone names no type; UUIDs are not given twice. Code units are compared, since
    /// Unicode's equivalence would let another spelling pass.
    static func isSame(_ found: String, _ named: String) -> Bool {
        if found.utf8.elementsEqual(named.utf8) { return true }
        let prefix = "urn:uuid:"
        guard found.hasPrefix(prefix), let slash = named.utf8.firstIndex(of: UInt8(ascii: "/")) else {
            return false
        }
        return named.utf8[named.utf8.index(after: slash)...].elementsEqual(found.utf8.dropFirst(prefix.count))
    }
}
