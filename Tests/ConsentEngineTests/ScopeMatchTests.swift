import ConsentEngine
import Model
import Testing

/// Whether a provision is about a resource, as a permit and as a deny.
@Suite struct ScopeMatchTests {
    private static func judge(
        _ resource: ResourceFacts, by provisions: Provision...
    ) -> ProvisionEffect? {
        let contracts = provisions.enumerated().map { index, provision in
            CompiledContract(
                ContractTerms(
                    contractID: "c\(index)", version: "h", patient: "Patient/p",
                    custodians: ["Organization/o"], root: provision))
        }
        let decision = ConsentEvaluator.decide(sampleRequest([.treatment]), contracts: contracts)
        return decision.purposes.first?.judge(resource).effect
    }

    private static func permits(_ scope: DataScope, _ resource: ResourceFacts) -> Bool {
        judge(resource, by: Provision(.permit, scope: scope)) == .permit
    }

    private static func denies(_ scope: DataScope, _ resource: ResourceFacts) -> Bool {
        judge(resource, by: Provision(.permit), Provision(.deny, scope: scope)) == .deny
    }

    private static func resource(
        _ name: String = "Observation/1", date: Interval? = nil, authors: Known<String> = Known([]),
        related: Known<String> = Known([]), codes: Known<Coding> = Known([]), labels: ResourceLabels? = nil
    ) -> ResourceFacts {
        let parts = name.split(separator: "/").map(String.init)
        return ResourceFacts(
            type: parts[0], id: parts[1], custodian: ["Organization/o"], clinicalDate: date,
            authors: authors, related: related, codes: codes, labels: labels)
    }

    // MARK: labels

    /// Codes as words: `N R HIV`; nil for no label.
    private static func labels(_ text: String) -> ResourceLabels? {
        let words = text.split(separator: " ").map(String.init)
        return words.compactMap { Confidentiality(code: $0) }.first.map {
            ResourceLabels($0, words.compactMap { SensitivityCode(code: $0) })
        }
    }

    /// What a provision states, the labels of a resource, and whether it permits and denies it.
    static let labelled: [(String, String, Bool, Bool)] = [
        // A permit covers its highest code and below, a deny its lowest and above.
        ("N", "M", true, false), ("N", "N", true, true), ("N", "R", false, true), ("U", "V", false, true),
        ("M R", "L", true, false), ("M R", "M", true, true), ("M R", "N", true, true),
        ("M R", "R", true, true), ("M R", "V", false, true), ("R M", "N", true, true),
        // Sensitivities: a permit needs one of them and none besides, a deny any; descendants included.
        ("SUD", "N", false, false), ("SUD", "R SUD", true, true), ("SUD", "R ETHUD", true, true),
        ("ETHUD", "R SUD", false, false), ("SUD", "R SUD HIV", false, true),
        ("SUD HIV", "R ETHUD", true, true),
        ("SUD HIV", "R ETHUD HIV", true, true), ("SUD", "R HIV", false, false),
        ("SPI", "N OPIOIDUD", true, true),
        // Both kinds: a permit needs both, a deny bites on either.
        ("N HIV", "N HIV", true, true), ("N HIV", "N", false, true), ("N HIV", "L HIV", true, true),
        ("N HIV", "R HIV", false, true), ("R HIV", "N", false, false), ("R HIV", "N SUD", false, false),
        ("R HIV", "R SUD", false, true),
        // Without a label nothing can be told.
        ("V", "", false, true), ("HIV", "", false, true), ("U", "", false, true),
    ]

    @Test(arguments: labelled)
    func holdsLabelsAgainstEachOther(_ stated: String, _ found: String, _ isPermit: Bool, _ isDeny: Bool) {
        let words = stated.split(separator: " ").map(String.init)
        let scope = DataScope(
            confidentialities: words.compactMap { Confidentiality(code: $0) }.sorted(),
            sensitivities: words.compactMap { SensitivityCode(code: $0) })
        let resource = Self.resource(labels: Self.labels(found))
        #expect(Self.permits(scope, resource) == isPermit)
        #expect(Self.denies(scope, resource) == isDeny)
    }

    // MARK: references

    private static let uuid = "84404ba8-40ec-47dc-8879-fcb5403974b6"

    static let references: [(DataReference, ResourceFacts, Bool, Bool)] = [
        (DataReference(.instance, "Observation/1"), resource(), true, true),
        (DataReference(.instance, "Observation/1"), resource("Condition/1"), false, false),
        (DataReference(.instance, "Observation/1"), resource("Observation/11"), false, false),
        (DataReference(.related, "Encounter/1"), resource("Encounter/1"), true, true),
        (DataReference(.related, "Encounter/1"), resource("Encounter/2"), false, false),
        (DataReference(.related, "Encounter/1"), resource(related: Known(["Encounter/1"])), true, true),
        (DataReference(.related, "Encounter/1"), resource(related: .unknown), false, true),
        (
            DataReference(.related, "Encounter/\(uuid)"), resource(related: Known(["urn:uuid:\(uuid)"])),
            true,
            true
        ),
        (
            DataReference(.related, "Encounter/1"), resource(related: Known(["urn:uuid:\(uuid)"])), false,
            false
        ),
        (
            DataReference(.authoredBy, "Practitioner/\(uuid)"),
            resource(authors: Known(["urn:uuid:\(uuid)"])), true, true
        ),
        (
            DataReference(.authoredBy, "Practitioner/e"), resource(authors: Known(["Patient/e"])), false,
            false
        ),
        // Whose role it is cannot be told.
        (
            DataReference(.authoredBy, "Practitioner/e"), resource(authors: Known(["PractitionerRole/r"])),
            false, true
        ),
        (
            DataReference(.authoredBy, "PractitionerRole/r"),
            resource(authors: Known(["PractitionerRole/s"])), false, false
        ),
        (DataReference(.authoredBy, "Practitioner/e"), resource(authors: .unknown), false, true),
    ]

    @Test(arguments: references)
    func holdsReferencesAgainstEachOther(
        _ stated: DataReference, _ resource: ResourceFacts, _ isPermit: Bool, _ isDeny: Bool
    ) {
        let scope = DataScope(data: [stated])
        #expect(Self.permits(scope, resource) == isPermit)
        #expect(Self.denies(scope, resource) == isDeny)
    }

    // MARK: codes and dates

    private static func codes(_ texts: String...) -> [Coding] {
        texts.compactMap { text in
            let parts = text.split(separator: "|").map(String.init)
            return Coding(system: parts[0], code: parts[1])
        }
    }

    static let coded: [([Coding], Known<Coding>, Bool, Bool)] = [
        (codes("urn:s|1"), Known(codes("urn:s|1")), true, true),
        (codes("urn:s|1"), Known(codes("urn:t|1")), false, false),
        (codes("urn:s|1", "urn:s|2"), Known(codes("urn:s|2")), true, true),
        (codes("urn:s|1"), Known(codes("urn:s|1", "urn:s|2")), true, true),
        (codes("urn:s|1"), Known(codes("urn:s|2"), isComplete: false), false, true),
        (codes("urn:s|1"), Known(codes("urn:s|1"), isComplete: false), true, true),
    ]

    @Test(arguments: coded)
    func holdsCodesAgainstEachOther(
        _ stated: [Coding], _ found: Known<Coding>, _ isPermit: Bool, _ isDeny: Bool
    ) {
        let scope = DataScope(codes: stated)
        #expect(Self.permits(scope, Self.resource(codes: found)) == isPermit)
        #expect(Self.denies(scope, Self.resource(codes: found)) == isDeny)
    }

    private static func interval(_ start: Int64?, _ end: Int64?) -> Interval {
        Interval(start: start, end: end)
    }

    static let dated: [(Interval, Interval?, Bool, Bool)] = [
        (interval(10, 20), interval(10, 20), true, true), (interval(10, 20), interval(9, 20), false, true),
        (interval(10, 20), interval(10, 21), false, true), (interval(10, 20), interval(20, 30), false, true),
        (interval(10, 20), interval(0, 10), false, true), (interval(10, 20), interval(0, 9), false, false),
        (interval(10, 20), interval(21, 30), false, false), (interval(10, 20), nil, false, true),
        (interval(10, 20), interval(15, nil), false, true),
        (interval(10, 20), interval(nil, 15), false, true),
        (interval(10, 20), interval(21, nil), false, false),
        (interval(10, 20), interval(nil, 9), false, false),
        (interval(10, nil), interval(15, nil), true, true),
        (interval(nil, 20), interval(nil, 15), true, true),
        (interval(10, nil), interval(nil, 15), false, true),
    ]

    @Test(arguments: dated)
    func holdsDatesAgainstEachOther(
        _ stated: Interval, _ found: Interval?, _ isPermit: Bool, _ isDeny: Bool
    ) {
        let scope = DataScope(dataPeriod: stated)
        #expect(Self.permits(scope, Self.resource(date: found)) == isPermit)
        #expect(Self.denies(scope, Self.resource(date: found)) == isDeny)
    }
}
