import LedgerProtocol
import Model

/// A governance document in words, for people who sign it.
enum GovernanceReport {
    static func lines(_ document: GovernanceDocument, on state: NetworkState) -> [String] {
        var lines = document.changes.map(\.description)
        lines.append("may be agreed up to height \(document.expires)")
        let needed = GovernanceRules.approvalsNeeded(for: document, on: state)
        let signers = document.approvals.map { approval in
            state.organization(approval.organization)?.name ?? approval.organization.description
        }
        lines.append("signed by \(signers.isEmpty ? "nobody" : signers.joined(separator: ", "))")
        if let owner = needed.owner.flatMap({ state.organization($0)?.name }) {
            lines.append("needs the signature of \(owner), or of \(state.organizationQuorum) organisations")
        } else {
            lines.append("needs \(needed.count) of \(state.organizations.count) organisations")
        }
        if let next = try? GovernanceRules.result(of: document, on: state) {
            lines.append(
                "then \(next.validators.count) validators, of which \(next.quorum) make a block final and "
                    + "\(next.faultMax) may fail")
        }
        return lines
    }
}
