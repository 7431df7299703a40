import Cryptography
import LedgerFixtures
import LedgerProtocol
import Model
import Testing
import TransparencyLog

@Suite struct GenesisTests {
    private let genesis = Examples.network.genesis

    @Test(arguments: [
        (1, 1, 0), (2, 2, 0), (3, 3, 0), (4, 3, 1), (5, 4, 1), (6, 5, 1), (7, 5, 2), (10, 7, 3), (16, 11, 5),
        (100, 67, 33),
    ])
    func quorumAndFaults(validatorCount: Int, quorum: Int, faultMax: Int) throws {
        let genesis = try TestNetwork(validatorCount: validatorCount).genesis
        #expect(genesis.initial.quorum == quorum)
        #expect(genesis.initial.faultMax == faultMax)
        // Two quorums share more validators than may fail.
        let sharedMin = 2 * quorum - validatorCount
        #expect(sharedMin > faultMax)
        #expect(genesis.initial.quorumPolicy.quorum == quorum)
    }

    @Test func parsingGivesWhatWasDrafted() throws {
        let parsed = try Genesis(parsing: genesis.bytes)
        #expect(parsed == genesis)
        #expect(parsed.networkID == SHA256.hash(genesis.bytes))
        #expect(parsed.origin == "consentry.example/test")
        #expect(parsed.validators == genesis.validators)
        #expect(parsed.organizations == genesis.organizations)
        #expect(parsed.services == genesis.services)
        #expect(parsed.limits == .standard)
        #expect(parsed.policies == .standard)
        #expect(parsed.createdAt == genesis.createdAt)
    }

    @Test func membersAreFound() throws {
        let consent = try #require(genesis.service(.consent))
        #expect(genesis.initial.service(keyID: consent.signingKey.keyID) == consent)
        #expect(genesis.initial.service(keyID: TestNetwork.signer("stranger").keyID) == nil)
        #expect(genesis.initial.validator(ValidatorIndex(4)) == nil)
        let third = try #require(genesis.initial.validator(ValidatorIndex(2)))
        #expect(genesis.initial.validatorIndex(consensusKey: third.consensusKey) == ValidatorIndex(2))
        #expect(genesis.organization(consent.organization)?.name == "North Hospital")
    }

    @Test func proposersTakeTurns() {
        let turns = (0..<8).map { genesis.initial.proposer(height: BlockHeight(1), round: $0).value }
        #expect(turns == [1, 2, 3, 0, 1, 2, 3, 0])
        #expect(genesis.initial.proposer(height: BlockHeight(.max), round: .max).value < 4)
    }

    @Test func theValidatorSetHashCoversNamesKeysAndOrder() throws {
        let validators = genesis.validators
        let renamed = validators.enumerated().map { index, validator in
            GenesisValidator(
                name: index == 0 ? "other" : validator.name, organization: validator.organization,
                url: validator.url, consensusKey: validator.consensusKey,
                cosignatureKey: validator.cosignatureKey, logKey: validator.logKey)
        }
        let hashes = [validators, validators.reversed(), Array(validators.dropLast()), renamed]
            .map { NetworkState.validatorSetHash(of: $0) }
        #expect(Set(hashes).count == hashes.count)
        #expect(hashes[0] == genesis.initial.validatorSetHash)
    }

    /// Each line changes the text of a good file; what comes out must be refused with this code.
    @Test(arguments: [
        ("\"network\":\"test\"", "\"network\":\"Test\"", GenesisFault.Code.wrongValue),
        // The Kelvin sign, which Swift holds equal to K, makes another member.
        ("\"name\":\"validator-1", "\"log\u{212A}ey\":\"\",\"name\":\"validator-1", .wrongMembers),
        ("\"network\":\"test\"", "\"network\":\"\"", .wrongValue),
        ("\"network\":\"test\"", "\"network\":7", .wrongValue),
        ("\"network\":\"test\"", "\"network\": \"test\"", .notCanonical),
        ("\"network\":\"test\"", "\"network\":\"te\\u0073t\"", .notCanonical),
        ("\"network\":\"test\"", "\"network\":\"test\",\"network\":\"test\"", .notCanonical),
        ("\"network\":\"test\"", "\"networks\":\"test\"", .wrongMembers),
        ("\"network\":\"test\",", "", .wrongMembers),
        ("consentry-genesis-v1", "consentry-genesis-v2", .wrongValue),
        ("\"credentialIssuers\":[]", "\"credentialIssuers\":[\"x\"]", .wrongMembers),
        (".000Z\"", "Z\"", .wrongValue),
        ("\"blockEntriesMax\":8192", "\"blockEntriesMax\":10", .wrongValue),
        ("\"blockEntriesMax\":8192", "\"blockEntriesMax\":8192.5", .wrongValue),
        ("\"blockBytesMax\":850000", "\"blockBytesMax\":900001", .wrongValue),
        ("validator-1.test.consentry.example", "validator-2.test.consentry.example", .repeated),
        ("validator-1.test.consentry.example", "validator+1", .wrongValue),
        ("validator-1.test.consentry.example", "consentry.example/test", .repeated),
        ("http://127.0.0.1:7101", "http://127.0.0.1:7101/", .wrongValue),
        ("http://127.0.0.1:7101", "ftp://127.0.0.1:7101", .wrongValue),
        ("http://127.0.0.1:7101", "http://127.0.0.1:7102", .repeated),
        ("https://records.test.example", "https://records.test.example?x", .wrongValue),
        ("\"name\":\"records\"", "\"name\":\"ledger\"", .wrongValue),
        ("\"name\":\"records\"", "\"name\":\"identity\"", .wrongValue),
        ("\"name\":\"North Hospital\"", "\"name\":\"South Clinic\"", .repeated),
        ("\"name\":\"North Hospital\"", "\"name\":\"\"", .wrongValue),
    ])
    func aWrongFileIsRefused(part: String, replacement: String, code: GenesisFault.Code) throws {
        let text = String(decoding: genesis.bytes, as: UTF8.self)
        let range = try #require(text.firstRange(of: part))
        let changed = text[..<range.lowerBound] + replacement + text[range.upperBound...]
        #expect { try Genesis(parsing: [UInt8](changed.utf8)) } throws: {
            ($0 as? GenesisFault)?.code == code
        }
    }

    @Test func aKeyWithTwoPurposesIsRefused() throws {
        let network = Examples.network
        var draft = TestNetwork.draft(
            network: "test", consensus: network.consensus, cosignature: network.cosignature,
            log: network.consensus, services: network.services)
        #expect { try draft.genesis() } throws: { ($0 as? GenesisFault)?.code == .repeated }
        draft.validators = []
        #expect { try draft.genesis() } throws: { ($0 as? GenesisFault)?.code == .wrongValue }
    }

    @Test func anOrganisationThatIsNotThereIsRefused() throws {
        let network = Examples.network
        var draft = TestNetwork.draft(
            network: "test", consensus: network.consensus, cosignature: network.cosignature,
            log: network.log, services: network.services)
        draft.organizations.removeLast()
        #expect { try draft.genesis() } throws: { ($0 as? GenesisFault)?.code == .unknownOrganization }
    }
}
