import Cryptography
import Model
import RecordsCore
import TestSupport
import Testing

@Suite struct BundleTests {
    private let patient = Made.participant(1)

    @Test(.enabled(if: !SampleBundle.corpora.isEmpty, "the corpora lie beside the project"))
    func everyResourceOfTheCorporaKeepsItsBytes() throws {
        for file in SampleBundle.corpora {
            let bytes = try Corpora.bytes(of: file)
            let bundle = try SplitBundle(bytes, patient: patient)
            let entries = try JSONValue(parsing: bytes)["entry"]?.array ?? []
            let stored = entries.compactMap { $0["resource"] }.filter { resource in
                let type = resource["resourceType"]?.string ?? ""
                return !["Patient", "Organization", "Practitioner"].contains(type)
            }
            #expect(bundle.entries.count == entries.count, "\(file)")
            let read = try bundle.resources.map { try JSONValue(parsing: Array(bytes[$0.range])) }
            #expect(read == stored, "\(file)")
            let released = bundle.resources.map {
                SearchsetBundle.Resource(key: $0.key, content: Array(bytes[$0.range]))
            }
            let searchset = SearchsetBundle.assemble(baseURL: GrantedAccess.recordsURL, resources: released)
            let ranges = try JSONScanner.elements(of: searchset, arrayNamed: "entry", memberNamed: "resource")
            let contents = ranges.map { Array(searchset[$0]) }
            #expect(contents == released.map(\.content), "\(file)")
            let total = try JSONValue(parsing: searchset)["total"]?.int64
            #expect(total == Int64(stored.count), "\(file)")
        }
    }

    @Test func anEmptySearchsetHasNoEntries() throws {
        let bytes = SearchsetBundle.assemble(baseURL: GrantedAccess.recordsURL, resources: [])
        let expected = Array(#"{"resourceType":"Bundle","type":"searchset","total":0}"#.utf8)
        #expect(bytes == expected)
    }

    /// What is wrong with the second of two entries, and what is said about it.
    static let refusals: [(String, BundleRefusal)] = [
        (#"{"resourceType":"Observation"}"#, .unidentified(entry: 1)),
        (#"{"id":"2"}"#, .unidentified(entry: 1)),
        (#"{"resourceType":"Observation","id":"not an id"}"#, .unidentified(entry: 1)),
        (#"{"resourceType":"Spell","id":"2"}"#, .unknownType(entry: 1)),
        (#"{"resourceType":"Patient","id":"2"}"#, .secondPatient(entry: 1)),
        (
            #"{"resourceType":"Observation","id":"2","subject":{"reference":"Patient/9"}}"#,
            .otherPatient(entry: 1)
        ),
        (
            #"{"resourceType":"Observation","id":"2","subject":{"display":"somebody"}}"#,
            .otherPatient(entry: 1)
        ),
        (#"{"resourceType":"Claim","id":"2","patient":{"reference":"urn:uuid:9"}}"#, .otherPatient(entry: 1)),
        (
            #"{"resourceType":"Account","id":"2","subject":[{"reference":"Patient/9"}]}"#,
            .otherPatient(entry: 1)
        ),
    ]

    @Test(arguments: refusals)
    func anEntryThatDoesNotBelongRefusesTheBundle(_ resource: String, _ refusal: BundleRefusal) {
        let own = #"{"resourceType":"P\u0061tient","id":"own"}"#
        #expect(throws: refusal) { try SplitBundle(SampleBundle.make([own, resource]), patient: patient) }
    }

    @Test func aResourceComesOnce() {
        let resource = SampleBundle.observation("1", patient: patient)
        #expect(throws: BundleRefusal.duplicate(entry: 1)) {
            try SplitBundle(SampleBundle.make([resource, resource]), patient: patient)
        }
    }

    static let notBundles: [(String, BundleRefusal)] = [
        (#"{"resourceType":"Patient","id":"1"}"#, .notBundle),
        (#"{"resourceType":"Bundle","type":"history"}"#, .notBundle),
        (#"{"resourceType":"Bundle","type":"batch","entry":{}}"#, .notBundle),
        (
            #"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"POST"}}]}"#,
            .notStorable(entry: 0)
        ),
        (
            #"{"resourceType":"Bundle","type":"batch","entry":[{"resource":{},"request":{"method":"GET"}}]}"#,
            .notStorable(entry: 0)
        ),
    ]

    @Test(arguments: notBundles)
    func aBodyThatIsNoBundleToStoreIsRefused(_ text: String, _ refusal: BundleRefusal) {
        #expect(throws: refusal) { try SplitBundle(Array(text.utf8), patient: patient) }
    }

    @Test func tooManyEntriesAreRefused() {
        let resources = (0...SplitBundle.entryCountMax).map { #"{"resourceType":"Goal","id":"\#($0)"}"# }
        #expect(throws: BundleRefusal.tooManyEntries) {
            try SplitBundle(SampleBundle.make(resources), patient: patient)
        }
    }

    @Test func decimalsKeepTheirDigits() throws {
        let bundle = try SplitBundle(
            SampleBundle.make([SampleBundle.observation("1", patient: patient)]), patient: patient)
        let range = try #require(bundle.resources.first?.range)
        let text = String(decoding: bundle.bytes[range], as: UTF8.self)
        #expect(text == SampleBundle.observation("1", patient: patient))
    }

    @Test func onlyNewContentBecomesAVersion() throws {
        let resources = ["1", "2", "3"].map { SampleBundle.observation($0, patient: patient) }
        let command = StoreBundle(
            custodian: Made.participant(2), patient: patient,
            bundle: try SplitBundle(
                SampleBundle.make(resources + [#"{"resourceType":"Organization","id":"o"}"#]),
                patient: patient))
        let marks = ["a", "b", "c"].map { SHA256.hash(Array($0.utf8)) }
        let fresh = [Made.version(), Made.version(), Made.version()]
        let earlier = Made.version()
        let placements = command.decide(
            current: [
                ResourceKey(type: "Observation", id: "1"): .init(version: earlier, mark: marks[0]),
                ResourceKey(type: "Observation", id: "2"): .init(version: earlier, mark: marks[0]),
            ], marks: marks, versions: fresh)
        #expect(placements.map(\.isNew) == [false, true, true])
        #expect(placements.map(\.supersedes) == [false, true, false])
        #expect(placements.map(\.version) == [earlier, fresh[1], fresh[2]])
        let described = command.events(for: placements).flatMap { $0["resources"]?.array ?? [] }
        #expect(described.map { $0["id"]?.string } == ["2", "3"])
        let answered = command.response(for: placements)["entry"]?.array ?? []
        let statuses = answered.map { $0["response"]?["status"]?.string }
        #expect(statuses == ["200 OK", "200 OK", "201 Created", "204 No Content"])
        let located = answered.filter { $0["response"]?["location"] != nil }.count
        #expect(located == 3)
    }

    @Test func bindingsOfTwoPlacesDiffer() {
        let binding = { (type: String, id: String) in
            RecordBinding(
                networkID: .zero, patient: Made.participant(1), custodian: Made.participant(2),
                resource: ResourceKey(type: type, id: id),
                version: RecordVersionID([UInt8](repeating: 1, count: 16))!,
                key: PatientKeyID([UInt8](repeating: 2, count: 16))!)
        }
        #expect(binding("List", "a1").ofContent != binding("Lista", "1").ofContent)
        #expect(binding("List", "a").ofContent != binding("List", "a").ofDataKey)
    }
}
