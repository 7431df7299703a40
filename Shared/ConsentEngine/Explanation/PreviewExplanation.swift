/// Puts previews into words.
package enum PreviewExplanation {
    /// Says who could see what, what would change, and which clauses can never matter, one line each.
    package static func sentences(_ preview: ContractPreview) -> [String] {
        var sentences = ["who could see what:"]
        sentences += lines(preview.access.filter { $0.extent != .nothing }).map { "  \($0)" }
        sentences.append("what would change:")
        let changes = lines(preview.changes.map(\.after))
        sentences += changes.isEmpty ? ["  nothing"] : changes.map { "  \($0)" }
        guard !preview.idle.isEmpty else { return sentences }
        sentences.append("clauses that can never matter:")
        return sentences + preview.idle.map { "  `\($0.clause.path)`: \(words(for: $0.reason))" }
    }

    /// Says one line for each actor and extent, with the purposes that no other of the line covers.
    package static func lines(_ lines: [AccessLine]) -> [String] {
        var groups: [(first: AccessLine, purposes: [PurposeCode])] = []
        for line in lines {
            let index = groups.firstIndex { group in
                group.first.actor == line.actor && group.first.extent == line.extent
                    && group.first.untilMilliseconds == line.untilMilliseconds
            }
            if let index {
                groups[index].purposes.append(line.purpose)
            } else {
                groups.append((line, [line.purpose]))
            }
        }
        return groups.map { group in
            let widest = group.purposes.filter { purpose in
                !group.purposes.contains { $0 != purpose && purpose.isCovered(by: $0) }
            }
            let until = group.first.untilMilliseconds.map { ", until \(FHIRDateTime.text(of: $0))" } ?? ""
            return "\(group.first.actor.map { "`\($0)`" } ?? "anybody else"), for "
                + "\(widest.map(\.code).joined(separator: ", ")): \(words(for: group.first.extent))\(until)"
        }
    }

    private static func words(for extent: AccessLine.Extent) -> String {
        switch extent {
        case .nothing: return "nothing"
        case .upTo(let label):
            return "data labelled \(label.display) (`\(label.code)`) or less, by the custodian's policy"
        case .everything: return "everything"
        case .some(let residual):
            return residual.map { rule in
                let verb = rule.clause.effect == .permit ? "" : "not "
                let but = rule.exceptions.map { exception in
                    (exception.clause.effect == .permit ? " and also " : " but not ")
                        + ProvisionDescription.words(for: exception.scope, as: exception.clause.effect)
                }
                return verb + ProvisionDescription.words(for: rule.scope, as: rule.clause.effect)
                    + but.joined()
            }.joined(separator: "; ")
        }
    }

    private static func words(for reason: IdleClause.Reason) -> String {
        switch reason {
        case .neverInForce: "its time is over or never comes"
        case .saidBy(let clause): "`\(clause.path)` of `\(clause.contractID)` says it already"
        case .deniedBy(let clause): "`\(clause.path)` of `\(clause.contractID)` denies all of it"
        }
    }
}
