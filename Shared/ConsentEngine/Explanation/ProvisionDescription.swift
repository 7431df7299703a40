/// Puts provisions into words.
package enum ProvisionDescription {
    /// Says what a provision permits or denies, to whom, for what, when and of which data.
    package static func words(for provision: Provision) -> String {
        var parts = [provision.effect == .permit ? "permits" : "denies"]
        parts.append(provision.actors.isEmpty ? "everybody" : any(provision.actors.map { "`\($0)`" }))
        parts.append("access to \(words(for: provision.scope, as: provision.effect))")
        parts.append(
            provision.purposes.isEmpty
                ? "for any purpose but break-glass"
                : "for \(any(provision.purposes.map { "\($0.display) (`\($0.code)`)" }))")
        if !provision.actions.isEmpty {
            parts.append("as far as it is to \(any(provision.actions.map(\.rawValue)))")
        }
        if let period = provision.period { parts.append(words(for: period)) }
        if !provision.conditions.isEmpty {
            let conditions = provision.conditions.map(words(for:)).joined(separator: " and ")
            parts.append("on condition that \(conditions)")
        }
        return parts.joined(separator: " ")
    }

    /// Says which resources a provision of a scope and effect is about.
    package static func words(for scope: DataScope, as effect: ProvisionEffect) -> String {
        var parts: [String] = []
        parts.append(scope.classes.isEmpty ? "all resources" : any(scope.classes.map { "`\($0)`" }))
        if !scope.data.isEmpty { parts.append("that are \(any(scope.data.map(words)))") }
        if !scope.codes.isEmpty { parts.append("with the code \(any(scope.codes.map { "`\($0)`" }))") }
        let labels = labels(of: scope, as: effect)
        if !labels.isEmpty { parts.append(labels.joined(separator: effect == .permit ? " and " : " or ")) }
        if let period = scope.dataPeriod {
            parts.append("dated \(words(for: period))")
        }
        return parts.joined(separator: " ")
    }

    /// A permit covers what is stated and less, a deny what is stated and more.
    private static func labels(of scope: DataScope, as effect: ProvisionEffect) -> [String] {
        var labels: [String] = []
        let sensitivities = any(scope.sensitivities.map { "\($0.display) (`\($0.code)`)" })
        switch effect {
        case .permit:
            if let ceiling = scope.confidentialities.max() {
                labels.append("labelled \(ceiling.display) (`\(ceiling.code)`) or less")
            }
            if !sensitivities.isEmpty { labels.append("sensitive for nothing but \(sensitivities)") }
        case .deny:
            if let floor = scope.confidentialities.min() {
                labels.append("labelled \(floor.display) (`\(floor.code)`) or more")
            }
            if !sensitivities.isEmpty { labels.append("sensitive for \(sensitivities)") }
        }
        return labels
    }

    /// Says what a condition asks for.
    package static func words(for condition: AccessCondition) -> String {
        switch condition {
        case .credential(let type, let issuer):
            let by = issuer.map { " issued by `\($0)`" } ?? ""
            return "the requester holds a valid credential `\(type)`\(by)"
        case .careRelationship(let kinds):
            return "the requester has a care relationship by \(any(kinds.map(\.rawValue)))"
        case .session: return "both have joined a telemedicine session"
        case .timeWindow(let window):
            let names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
            let days = any(window.days.map { names[$0 - 1] })
            return "it is \(days) between \(clock(window.startMinute)) and \(clock(window.endMinute))"
        case .uses(let max): return "it has permitted fewer than \(max) accesses"
        }
    }

    private static func words(_ item: DataReference) -> String {
        switch item.meaning {
        case .instance: "`\(item.reference)`"
        case .related: "part of or related to `\(item.reference)`"
        case .authoredBy: "written by `\(item.reference)`"
        }
    }

    private static func words(for period: Interval) -> String {
        [("from", period.start), ("until", period.end)].compactMap { word, instant in
            instant.map { "\(word) \(FHIRDateTime.text(of: $0))" }
        }.joined(separator: " ")
    }

    private static func clock(_ minute: Int) -> String {
        let (hours, minutes) = minute.quotientAndRemainder(dividingBy: 60)
        return "\(hours < 10 ? "0" : "")\(hours):\(minutes < 10 ? "0" : "")\(minutes)"
    }

    private static func any(_ words: [String]) -> String {
        guard words.count > 1, let last = words.last else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or \(last)"
    }
}
