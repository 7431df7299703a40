import Cryptography
import LedgerFixtures
import LedgerProtocol
import Merkle
import Model
import Testing

/// Changes to a network of two organisations and four validators.
private struct Cast {
    let network: TestNetwork
    var state: NetworkState { network.genesis.initial }

    init() throws { network = try TestNetwork() }

    static let names = ["North Hospital", "South Clinic"]

    func id(_ name: String) -> ParticipantID { TestNetwork.identifier(name) }
    func key(_ name: String) -> Signer { TestNetwork.signer("test \(name)") }

    func validator(_ name: String, organization: String = "South Clinic") -> GenesisValidator {
        GenesisValidator(
            name: "\(name).test.consentry.example", organization: id(organization),
            url: "http://\(name).example", consensusKey: TestNetwork.signer("\(name) consensus").publicKey,
            cosignatureKey: TestNetwork.signer("\(name) cosignature").publicKey,
            logKey: TestNetwork.signer("\(name) log").publicKey)
    }

    func document(
        _ changes: [GovernanceChange], on state: NetworkState? = nil, expires: UInt64 = 100,
        signedBy names: [String] = Cast.names
    ) -> GovernanceDocument {
        var document = GovernanceDocument(
            changes, of: state ?? self.state, expires: BlockHeight(expires))
        for name in names { document = document.signed(by: id(name), with: key(name)) }
        return document
    }

    func submission(
        _ document: GovernanceDocument, by name: String = "North Hospital", sequence: UInt64 = 0,
        entryCount: Int = 1
    ) throws -> Submission {
        let signer = key(name)
        let entries = (0..<entryCount).map { number in
            Entry.make(
                kind: .governance, submitter: signer.keyID,
                id: TestNetwork.identifier("\(document.replaces) \(sequence) \(number)"),
                time: 1_795_374_000, opening: .zero, networkID: network.genesis.networkID,
                payload: document.bytes)
        }
        return try Submission.make(
            networkID: network.genesis.networkID, sequence: sequence, entries: entries,
            publicPayloads: entries.map { _ in document.bytes }, signer: signer)
    }

    /// The refusal of a document at height 5; nil when it is applied.
    func refusal(_ document: GovernanceDocument) -> GovernanceFault.Code? {
        do throws(GovernanceFault) {
            _ = try GovernanceRules.apply(document, to: state, at: BlockHeight(5))
            return nil
        } catch {
            return error.code
        }
    }
}

@Suite struct GovernanceTests {
    @Test func aDocumentHasOneSpelling() throws {
        let cast = try Cast()
        let document = cast.document([
            .addValidator(cast.validator("fifth")), .removeValidator(ValidatorIndex(0)),
        ])
        #expect(try GovernanceDocument(parsing: document.bytes) == document)
        let flipped = document.bytes.indices.filter { place in
            var bytes = document.bytes
            bytes[place] ^= 1
            guard let changed = try? GovernanceDocument(parsing: bytes) else { return false }
            return cast.refusal(changed) == nil
        }
        #expect(flipped == [])
        #expect(throws: GovernanceFault.self) { try GovernanceDocument(parsing: document.bytes + [0x0A]) }
    }

    @Test func aValidatorThatJoinsGetsTheNextIndexAndNoIndexIsUsedTwice() throws {
        let cast = try Cast()
        let joined = try GovernanceRules.apply(
            cast.document([.addValidator(cast.validator("fifth"))]), to: cast.state, at: BlockHeight(1))
        #expect(joined.validatorIndices.map(\.value) == [0, 1, 2, 3, 4] && joined.quorum == 4)
        let left = try GovernanceRules.apply(
            cast.document([.removeValidator(ValidatorIndex(4))], on: joined), to: joined, at: BlockHeight(2))
        #expect(left.validatorIndices.map(\.value) == [0, 1, 2, 3] && left.hash != cast.state.hash)
        #expect(left.validatorSetHash == cast.state.validatorSetHash)
        let again = try GovernanceRules.apply(
            cast.document([.addValidator(cast.validator("sixth"))], on: left), to: left, at: BlockHeight(3))
        #expect(again.validatorIndices.map(\.value) == [0, 1, 2, 3, 5])
        // The proposers take turns over the validators in force.
        let turns = (0..<5).map { again.proposer(height: BlockHeight(5), round: $0).value }
        #expect(turns == [0, 1, 2, 3, 5])
        #expect(throws: GovernanceFault.self, "a key that is over never comes back") {
            try GovernanceRules.apply(
                cast.document([.addValidator(cast.validator("fifth"))], on: left), to: left,
                at: BlockHeight(3))
        }
    }

    @Test func newKeysMakeANewValidatorOfTheSameName() throws {
        let cast = try Cast()
        let old = try #require(cast.state.validator(ValidatorIndex(1)))
        let fresh = cast.validator("fresh")
        let renewed = GenesisValidator(
            name: old.name, organization: old.organization, url: old.url, consensusKey: fresh.consensusKey,
            cosignatureKey: fresh.cosignatureKey, logKey: fresh.logKey)
        let next = try GovernanceRules.apply(
            cast.document([.replaceValidator(ValidatorIndex(1), renewed)]), to: cast.state, at: BlockHeight(1)
        )
        #expect(next.validatorIndices.map(\.value) == [0, 2, 3, 4])
        #expect(next.validator(ValidatorIndex(4)) == renewed && next.validator(ValidatorIndex(1)) == nil)
    }

    @Test func organisationsSignByQuorumAndServiceKeysAlone() throws {
        let cast = try Cast()
        let add = [GovernanceChange.addValidator(cast.validator("fifth"))]
        #expect(cast.refusal(cast.document(add)) == nil)
        #expect(cast.refusal(cast.document(add, signedBy: ["South Clinic"])) == .quorumNotMet)
        let stranger = cast.document(add, signedBy: ["North Hospital"])
            .signed(by: cast.id("nobody"), with: TestNetwork.signer("nobody"))
        #expect(cast.refusal(stranger) == .badSignature)
        let forged = cast.document(add, signedBy: ["North Hospital"])
            .signed(by: cast.id("South Clinic"), with: TestNetwork.signer("nobody"))
        #expect(cast.refusal(forged) == .badSignature)

        let old = try #require(cast.state.service(.records))
        let renewed = GenesisService(
            service: .records, organization: old.organization, url: old.url,
            signingKey: TestNetwork.signer("new records").publicKey, sealingKey: old.sealingKey,
            tokenKey: nil)
        #expect(cast.refusal(cast.document([.replaceService(renewed)], signedBy: ["North Hospital"])) == nil)
        #expect(
            cast.refusal(cast.document([.replaceService(renewed)], signedBy: ["South Clinic"]))
                == .quorumNotMet)
        #expect(
            cast.refusal(
                cast.document([.replaceService(renewed)] + add, signedBy: ["North Hospital"]))
                == .quorumNotMet)
    }

    @Test func aQuorumDeclaresAKeyCompromisedThatIsOver() throws {
        let cast = try Cast()
        let old = try #require(cast.state.service(.records))
        let renewed = GovernanceChange.replaceService(
            GenesisService(
                service: .records, organization: old.organization, url: old.url,
                signingKey: TestNetwork.signer("new records").publicKey, sealingKey: old.sealingKey,
                tokenKey: nil))
        let compromise = { (milliseconds: Int64) in
            GovernanceChange.declareCompromise(
                KeyCompromise(key: old.signingKey, since: Timestamp(milliseconds: milliseconds)))
        }
        // A key in force is replaced too, and nobody disowns alone what is on the ledger.
        #expect(cast.refusal(cast.document([compromise(1_000)])) == .notAllowed)
        #expect(
            cast.refusal(cast.document([renewed, compromise(1_000)], signedBy: ["North Hospital"]))
                == .quorumNotMet)
        let both = cast.document([compromise(1_000), renewed])
        #expect(try GovernanceDocument(parsing: both.bytes) == both)
        let declared = try GovernanceRules.apply(both, to: cast.state, at: BlockHeight(1))
        #expect(declared.compromise(of: old.signingKey.keyID)?.since == Timestamp(milliseconds: 1_000))
        #expect(declared.json["compromisedKeys"]?.array?.count == 1)
        #expect(cast.state.json["compromisedKeys"] == nil)

        let apply = { (milliseconds: Int64) in
            try GovernanceRules.apply(
                cast.document([compromise(milliseconds)], on: declared), to: declared, at: BlockHeight(2))
        }
        // What is doubted is not trusted again.
        #expect(throws: GovernanceFault.self) { try apply(1_001) }
        #expect(throws: GovernanceFault.self) { try apply(1_000) }
        let earlier = try apply(999)
        #expect(earlier.members.compromises.map(\.since.milliseconds) == [999])
        #expect(earlier.hash != declared.hash)
    }

    @Test func anOrganisationGetsAnotherKeyAndItsOldOneSignsNoMore() throws {
        let cast = try Cast()
        let old = try #require(cast.state.organization(cast.id("South Clinic")))
        let key = TestNetwork.signer("South Clinic anew")
        let renewed = GenesisOrganization(id: old.id, name: "South Hospital", key: key.publicKey)
        let next = try GovernanceRules.apply(
            cast.document([.replaceOrganization(renewed)]), to: cast.state, at: BlockHeight(1))
        #expect(next.organization(old.id) == renewed && next.organizations.count == 2)
        #expect(next.submitter(old.key.keyID) == nil && next.submitter(key.keyID) != nil)
        let add = [GovernanceChange.addValidator(cast.validator("fifth"))]
        let half = cast.document(add, on: next, signedBy: ["North Hospital"])
        #expect(throws: GovernanceFault.self) {
            try GovernanceRules.apply(
                half.signed(by: old.id, with: cast.key("South Clinic")), to: next, at: BlockHeight(2))
        }
        let joined = try GovernanceRules.apply(
            half.signed(by: old.id, with: key), to: next, at: BlockHeight(2))
        #expect(joined.validators.count == 5)
        // The old key never comes back, for whatever purpose.
        #expect(throws: GovernanceFault.self) {
            try GovernanceRules.apply(
                cast.document([.replaceOrganization(old)], on: next, signedBy: ["North Hospital"])
                    .signed(by: old.id, with: key), to: next, at: BlockHeight(2))
        }
        let stranger = GenesisOrganization(id: cast.id("West"), name: "West", key: key.publicKey)
        #expect(cast.refusal(cast.document([.replaceOrganization(stranger)])) == .notAllowed)
    }

    @Test func whatIsStaleExpiredForeignOrForbiddenChangesNothing() throws {
        let cast = try Cast()
        let add = [GovernanceChange.addValidator(cast.validator("fifth"))]
        let joined = try GovernanceRules.apply(cast.document(add), to: cast.state, at: BlockHeight(1))
        #expect(cast.refusal(cast.document(add, on: joined)) == .stale)
        #expect(cast.refusal(cast.document(add, expires: 4)) == .expired)
        #expect(cast.refusal(cast.document(add, expires: 5)) == nil)
        let other = try TestNetwork(network: "other").genesis.initial
        #expect(cast.refusal(cast.document(add, on: other)) == .wrongNetwork)
        #expect(cast.refusal(cast.document([.removeValidator(ValidatorIndex(9))])) == .notAllowed)
        let all = (0..<4).map { GovernanceChange.removeValidator(ValidatorIndex($0)) }
        #expect(cast.refusal(cast.document(all)) == .notAllowed)
        #expect(cast.refusal(cast.document([.setIssuers([])])) == .notAllowed, "it changes nothing")
        #expect(cast.refusal(cast.document([.removeOrganization(cast.id("South Clinic"))])) == .notAllowed)
        let twice = cast.state.validator(ValidatorIndex(0)).map { [GovernanceChange.addValidator($0)] } ?? []
        #expect(cast.refusal(cast.document(twice)) == .notAllowed)
    }

    @Test func onlyOrganisationsSubmitGovernanceAndNothingElse() throws {
        let cast = try Cast()
        let document = cast.document([.addValidator(cast.validator("fifth"))])
        let height = BlockHeight(1)
        #expect(
            try GovernanceRules.nextState(after: cast.submission(document), on: cast.state, at: height) != nil
        )
        #expect(throws: RefusalCode.kindNotAllowed) {
            try GovernanceRules.nextState(
                after: cast.submission(document, entryCount: 2), on: cast.state, at: height)
        }
        let service = cast.network.signer(of: .consent)
        let entry = Entry.make(
            kind: .governance, submitter: service.keyID, id: TestNetwork.identifier("entry"), time: 0,
            opening: .zero, networkID: cast.network.genesis.networkID, payload: document.bytes)
        let byService = try Submission.make(
            networkID: cast.network.genesis.networkID, sequence: 0, entries: [entry],
            publicPayloads: [document.bytes], signer: service)
        #expect(throws: RefusalCode.kindNotAllowed) {
            try GovernanceRules.nextState(after: byService, on: cast.state, at: height)
        }
        // Both organisations submit what they signed together: the second one finds another state.
        let both = [try cast.submission(document), try cast.submission(document, by: "South Clinic")]
        #expect(throws: RefusalCode.governanceStale) {
            try GovernanceRules.nextState(after: both, on: cast.state, at: height)
        }
    }
}

/// Following a network by proofs alone.
@Suite struct NetworkChangeTests {
    /// A chain with entries, a change at height 2 and a block by the new set.
    private static func chain(_ cast: Cast) throws -> TestChain {
        var chain = TestChain(cast.network)
        chain.newcomers = [TestNetwork.signer("fifth consensus")]
        let events = try (0..<3).map { try cast.network.disclosure($0) }
        try chain.append([try cast.network.submission(by: .consent, sequence: 0, events: events)])
        let document = cast.document([
            .addValidator(cast.validator("fifth")), .removeValidator(ValidatorIndex(0)),
            .removeValidator(ValidatorIndex(1)),
        ])
        let more = [try cast.network.disclosure(3)]
        try chain.append([
            try cast.submission(document),
            try cast.network.submission(by: .consent, sequence: 1, events: more),
        ])
        try chain.append([
            try cast.network.submission(
                by: .consent, sequence: 2, events: [try cast.network.disclosure(4)])
        ])
        return chain
    }

    private static func change(_ chain: TestChain) throws -> NetworkChange {
        let change = try NetworkChange.make(
            of: chain.blocks[1], firstIndex: 4, previousText: chain.blocks[0].checkpointText
        ) { level, index in
            let start = Int(index) << level
            return MerkleTree.root(ofLeafHashes: Array(chain.leaves[start..<start + 1 << level]))
        }
        return try #require(change)
    }

    @Test func aProvenChangeIsFollowedAndJudgesWhatComesAfter() throws {
        let cast = try Cast()
        let chain = try Self.chain(cast)
        let change = try Self.change(chain)
        #expect(try NetworkChange(decoding: change.encoded) == change)
        var history = NetworkHistory(cast.network.genesis)
        try history.accept(change)
        // A repetition is no news.
        try history.accept(change)
        #expect(history.newest == chain.head.network && history.periods.count == 2)
        #expect(history.state(at: BlockHeight(2)) == cast.state)
        #expect(history.state(at: BlockHeight(3)).validatorIndices.map(\.value) == [2, 3, 4])
        #expect(history.state(ofTreeSize: 7) == cast.state && history.state(ofTreeSize: 8) != cast.state)
        // The third block is by validators that genesis does not name.
        #expect(throws: ProtocolFault.self) { try chain.blocks[2].certificate.verify(cast.state) }
        try chain.blocks[2].certificate.verify(history.newest)
        // One that left is known for what it signed before.
        #expect(
            history.validator(ValidatorIndex(0)) != nil && history.newest.validator(ValidatorIndex(0)) == nil)
        let list = NetworkChangeList([change])
        let read = try NetworkChangeList(parsing: try list.json.canonicalBytes())
        #expect(try NetworkHistory(cast.network.genesis, changes: read).newest == history.newest)
    }

    @Test func everyFlippedBitOfAChangeIsRefused() throws {
        let cast = try Cast()
        let change = try Self.change(Self.chain(cast)).encoded
        let accepted = (0..<change.count * 8).filter { bit in
            // One bit of each byte; which one changes from byte to byte.
            guard bit % 8 == bit / 8 % 8 else { return false }
            var bytes = change
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            var history = NetworkHistory(cast.network.genesis)
            guard let changed = try? NetworkChange(decoding: bytes) else { return false }
            return (try? history.accept(changed)) != nil
        }
        #expect(accepted == [])
    }

    @Test func aChangeOfAnotherBlockOrWithoutItsQuorumIsRefused() throws {
        let cast = try Cast()
        let chain = try Self.chain(cast)
        let change = try Self.change(chain)
        func with(
            certificate: Certificate? = nil, block: FinalBlock? = nil, previousText: String? = nil
        ) -> NetworkChange {
            NetworkChange(
                blockEntry: block?.blockEntry ?? change.blockEntry,
                previousText: previousText ?? change.previousText,
                checkpointText: block?.checkpointText ?? change.checkpointText,
                certificate: certificate ?? change.certificate, entry: change.entry, payload: change.payload,
                entryIndex: change.entryIndex, entryHashes: change.entryHashes,
                blockEntryHashes: change.blockEntryHashes)
        }
        let short = Certificate(
            networkID: change.certificate.networkID, height: change.height, round: 0,
            blockHash: change.certificate.blockHash, members: Array(change.certificate.members.prefix(2)))
        let later = chain.blocks[2]
        for wrong in [
            with(certificate: short), with(certificate: later.certificate, block: later), with(block: later),
            with(previousText: ""), with(previousText: change.checkpointText),
        ] {
            var history = NetworkHistory(cast.network.genesis)
            #expect(throws: ProtocolFault.self) { try history.accept(wrong) }
            #expect(history.periods.count == 1)
        }
    }
}
