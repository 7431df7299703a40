/// Made-up resources by which the request step finds out whether some resource could be permitted.
///
/// The request step may not look at data, and yet it must not permit what no resource could fulfil. So it
/// holds the rules against resources that are made from the rules alone: for each permit (and for what no
/// permit is about) every choice of the values that it states, with everything else chosen so as to meet no
/// deny. Where a root provision denies one that an exception of its contract could permit, the exception is
/// to be met as well. Whatever real resource would be permitted, one of these is. An answer that depends on
/// them depends on no data.
struct WitnessResources {
    /// Resources that are tried; beyond these the request is permitted, and each resource is judged anyway.
    static let countMax = 2_048

    private static let plain = ResourceLabels(.unrestricted)

    private let custodian: [String]
    private let instants: [Int64]
    /// A type that no scope names; nil when they name all of them.
    private let unnamedType: String?

    /// Takes the scopes of all rules that apply to the request.
    init(scopes: [DataScope], custodian: [String]) {
        self.custodian = custodian
        var instants: [Int64] = []
        var named: [String] = []
        for scope in scopes {
            if let start = scope.dataPeriod?.start { instants += [start &- 1, start] }
            if let end = scope.dataPeriod?.end { instants += [end, end &+ 1] }
            named += scope.classes
        }
        self.instants = instants.isEmpty ? [0] : Self.eachOnce(instants.sorted())
        unnamedType = ResourceTypes.all.first { !named.contains($0) }
    }

    private static func eachOnce(_ sorted: [Int64]) -> [Int64] {
        var once: [Int64] = []
        for instant in sorted where once.last != instant { once.append(instant) }
        return once
    }

    /// Calls a function with one resource after the other that lies within all of some scopes, until it
    /// answers true.
    ///
    /// - Returns: whether it did.
    func contains(
        within scopes: [DataScope], budget: inout Int, where isWanted: (ResourceFacts) -> Bool
    ) -> Bool {
        let sensitivities = sensitivities(in: scopes)
        guard let choicesOfData = Self.choices(scopes.map(\.data)),
            let choicesOfCodes = Self.choices(scopes.map(\.codes))
        else { return true }
        for items in choicesOfData {
            for type in types(for: items, in: scopes) {
                for codes in choicesOfCodes {
                    for sensitivity in sensitivities {
                        for instant in instants
                        where scopes.allSatisfy({ $0.dataPeriod?.contains(instant) ?? true }) {
                            budget -= 1
                            if budget < 0 { return true }
                            if isWanted(resource(items, type, codes, sensitivity, instant)) { return true }
                        }
                    }
                }
            }
        }
        return false
    }

    /// Every way to take one element of each list that has any; nil when there are more than are tried.
    private static func choices<Element>(_ lists: [[Element]]) -> [[Element]]? {
        var choices: [[Element]] = [[]]
        for list in lists where !list.isEmpty {
            guard choices.count * list.count <= countMax else { return nil }
            choices = choices.flatMap { choice in list.map { choice + [$0] } }
        }
        return choices
    }

    /// One sensitivity is enough, since of those stated the narrowest lies within all that cover it; nil
    /// where none is stated.
    private func sensitivities(in scopes: [DataScope]) -> [SensitivityCode?] {
        let lists = scopes.map(\.sensitivities).filter { !$0.isEmpty }
        if lists.isEmpty { return [nil] }
        return lists.flatMap { $0 }.filter { sensitivity in
            lists.allSatisfy { $0.contains { sensitivity.isCovered(by: $0) } }
        }
    }

    private func types(for items: [DataReference], in scopes: [DataScope]) -> [String] {
        let classes = scopes.map(\.classes).filter { !$0.isEmpty }
        let instances = items.filter { $0.meaning == .instance }.map(\.reference)
        if let instance = instances.first {
            let type = Self.parts(of: instance).type
            let isOne = instances.allSatisfy { $0 == instance }
            return isOne && classes.allSatisfy { $0.contains(type) } ? [type] : []
        }
        if let first = classes.first {
            return first.filter { type in classes.allSatisfy { $0.contains(type) } }
        }
        return unnamedType.map { [$0] } ?? ResourceTypes.all
    }

    private static func parts(of reference: String) -> (type: String, id: String) {
        guard let slash = reference.utf8.firstIndex(of: UInt8(ascii: "/")) else { return (reference, "") }
        return (String(reference[..<slash]), String(reference[reference.utf8.index(after: slash)...]))
    }

    /// Everything that is not asked for is known, and such that no deny needs to match it.
    private func resource(
        _ items: [DataReference], _ type: String, _ codes: [Coding], _ sensitivity: SensitivityCode?,
        _ instant: Int64
    ) -> ResourceFacts {
        var id = ""
        var authors: [String] = []
        var related: [String] = []
        for item in items {
            switch item.meaning {
            case .instance: id = Self.parts(of: item.reference).id
            case .related: related.append(item.reference)
            case .authoredBy: authors.append(item.reference)
            }
        }
        return ResourceFacts(
            type: type, id: id, custodian: custodian, clinicalDate: Interval(start: instant, end: instant),
            authors: Known(authors), related: Known(related), codes: Known(codes),
            labels: sensitivity.map { ResourceLabels(.unrestricted, [$0]) } ?? Self.plain)
    }
}
