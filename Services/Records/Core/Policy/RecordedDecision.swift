import ConsentEngine
import Cryptography
package import Model
package import Tokens

/// A decision of `consent` as its event on the ledger states it.
package struct RecordedDecision: Hashable, Sendable {
    /// The decision; also its event and entry.
    package let id: EntryID
    /// The ledger index of its entry.
    package let entryIndex: UInt64
    /// The patient whom the event is about.
    package let patient: ParticipantID
    /// Who asked, as the engine was told, such as `Practitioner/…`.
    package let actor: String
    /// The organisation acted for and those above it.
    package let actingFor: [String]
    /// Groups of the person who asked.
    package let groups: [String]
    /// The organisation whose records were asked for and those above it.
    package let custodianChain: [String]
    /// The system through which was asked.
    package let system: ParticipantID?
    /// The purposes that were permitted.
    package let permittedPurposes: Set<String>
    /// The types asked for; empty for all.
    package let resourceTypes: Set<String>
    /// Every contract version that the decision was made from.
    package let contracts: Set<ContractReference>

    /// The organisation whose records were asked for.
    package var custodian: ParticipantID? { custodianChain.first.flatMap(Self.participant) }

    /// Reads an event `access.decided.v1`; nil when it is not complete or contradicts itself.
    package init?(id: EntryID, entryIndex: UInt64, subject: ParticipantID, data: JSONValue) {
        guard let engine = data["decision"], let request = engine["request"],
            Self.participant(request["patient"]?.string ?? "") == subject,
            let actor = request["actor"]?.string, let actingFor = Self.texts(request["actingFor"]),
            let custodianChain = Self.texts(request["custodian"]), !custodianChain.isEmpty,
            let groups = Self.texts(request["groups"]), let purposes = engine["purposes"]?.array,
            let contracts = engine["contracts"]?.array, let types = Self.texts(data["resourceTypes"] ?? [])
        else { return nil }
        self.id = id
        self.entryIndex = entryIndex
        patient = subject
        self.actor = actor
        self.actingFor = actingFor
        self.groups = groups
        self.custodianChain = custodianChain
        system = data["system"]?.string.flatMap(Self.participant)
        permittedPurposes = Set(
            purposes.filter { $0["effect"]?.string == ProvisionEffect.permit.rawValue }
                .compactMap { $0["purpose"]?.string })
        resourceTypes = Set(types)
        let references = contracts.compactMap(Self.contract)
        guard references.count == contracts.count else { return nil }
        self.contracts = Set(references)
    }

    /// Whether a token says no more than this decision: same parties and data, purposes and contracts in it.
    package func covers(_ token: RecordAccessToken) -> Bool {
        token.decision == id && token.entryIndex == entryIndex && token.patient == patient
            && Self.participant(actor) == token.subject
            && actingFor.first.flatMap(Self.participant) == token.organization && system == token.actor
            && permittedPurposes.isSuperset(of: token.purposes) && Set(token.resourceTypes) == resourceTypes
            && contracts.isSuperset(of: token.contracts)
    }

    private static func texts(_ value: JSONValue?) -> [String]? {
        guard let elements = value?.array else { return nil }
        let texts = elements.compactMap(\.string)
        return texts.count == elements.count ? texts : nil
    }

    /// Reads `<type>/<id>` or a bare id.
    private static func participant(_ reference: String) -> ParticipantID? {
        let parts = reference.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let last = parts.last else { return nil }
        return ParticipantID(String(last))
    }

    private static func contract(_ value: JSONValue) -> ContractReference? {
        guard let id = value["id"]?.string.flatMap({ ContractID($0) }),
            let version = value["version"]?.string.flatMap({ Digest(hex: $0) })
        else { return nil }
        return ContractReference(id: id, version: version)
    }
}
