import Cryptography
import LedgerFixtures
import LedgerProtocol
import Model
import Testing
import TransparencyLog

/// I8: every proof verifies offline, and any change of one bit fails.
@Suite struct ReceiptVerifierTests {
    private let genesis = Examples.network.genesis

    @Test func anUnchangedReceiptIsValid() throws {
        let verified = try ReceiptVerifier.verify(
            receipt: Examples.receipt, disclosure: Examples.event.bytes, genesisFile: genesis.bytes)
        #expect(verified.entry == Examples.event.entry)
        #expect(verified.submitter.service == .consent)
        #expect(verified.treeSize == 6)
        #expect(verified.cosigners.count == 3)
        #expect(verified.times[0] == Timestamp(seconds: 1_795_374_001))
        #expect(verified.payload.eventType == .consentGranted)
    }

    @Test func everyFlippedBitOfTheReceiptIsRefused() {
        let accepted = flips(of: Examples.receipt) {
            try ReceiptVerifier.verify(
                receipt: $0, disclosure: Examples.event.bytes, history: NetworkHistory(genesis))
        }
        #expect(accepted == [])
    }

    @Test func everyFlippedBitOfTheEventIsRefused() {
        let accepted = flips(of: Examples.event.bytes) {
            try ReceiptVerifier.verify(
                receipt: Examples.receipt, disclosure: $0, history: NetworkHistory(genesis))
        }
        #expect(accepted == [])
    }

    /// In slices, which run side by side: every flip that leaves JSON costs the checks of many keys.
    @Test(arguments: 0..<8)
    func everyFlippedBitOfTheGenesisIsRefused(slice: Int) {
        let genesis = Examples.compactNetwork.genesis
        let verify: ([UInt8]) throws -> VerifiedEvent = {
            try ReceiptVerifier.verify(
                receipt: Examples.compactReceipt, disclosure: Examples.compactEvent.bytes, genesisFile: $0)
        }
        let isUnchangedAccepted = (try? verify(genesis.bytes)) != nil
        #expect(isUnchangedAccepted)
        #expect(flips(of: genesis.bytes, where: { $0 % 8 == slice }, verify) == [])
    }

    @Test func everyTruncationOfAnyFileIsRefused() {
        let receipt = Examples.receipt
        let event = Examples.event.bytes
        let receipts = receipt.indices.filter {
            (try? ReceiptVerifier.verify(
                receipt: Array(receipt[..<$0]), disclosure: event, history: NetworkHistory(genesis))) != nil
        }
        let events = event.indices.filter {
            (try? ReceiptVerifier.verify(
                receipt: receipt, disclosure: Array(event[..<$0]), history: NetworkHistory(genesis))) != nil
        }
        #expect(receipts == [])
        #expect(events == [])
    }

    @Test func aByteMoreInAnyFileIsRefused() {
        for byte in [UInt8(0), UInt8(ascii: "\n"), UInt8(ascii: " "), UInt8(ascii: "A")] {
            #expect(throws: VerificationFailure.self) {
                try ReceiptVerifier.verify(
                    receipt: Examples.receipt + [byte], disclosure: Examples.event.bytes,
                    history: NetworkHistory(genesis))
            }
            #expect(throws: VerificationFailure.self) {
                try ReceiptVerifier.verify(
                    receipt: Examples.receipt, disclosure: Examples.event.bytes + [byte],
                    history: NetworkHistory(genesis))
            }
            #expect(throws: GenesisFault.self) { try Genesis(parsing: genesis.bytes + [byte]) }
        }
    }

    @Test(arguments: [
        ("fewer cosigners than the quorum", VerificationFailure.Code.quorumNotMet),
        ("a cosignature twice", .malformed), ("an unknown key", .unknownValidator),
        ("extra data", .notCanonical),
        ("another index", .notIncluded), ("another entry's hashes", .notIncluded),
    ])
    func aChangedReceiptSaysWhatIsWrong(change: String, expected: VerificationFailure.Code) throws {
        let proof = try TlogProof(parsing: Examples.receipt)
        var note = proof.checkpoint
        var (extra, index, hashes): ([UInt8]?, UInt64, [Digest]) = (nil, proof.index, proof.hashes)
        switch change {
        case "fewer cosigners than the quorum": note.signatures.removeLast()
        case "a cosignature twice": note.signatures.append(note.signatures[1])
        case "an unknown key":
            let signer = TestNetwork.signer("stranger")
            let line = NoteSignature(cosigning: note.text, name: "stranger", time: 1, with: signer)
            note.signatures.append(line)
        case "extra data": extra = [1]
        case "another index": index += 1
        default: hashes.reverse()
        }
        let changed = TlogProof(extra: extra, index: index, hashes: hashes, checkpoint: note)
        #expect {
            try ReceiptVerifier.verify(
                receipt: [UInt8](changed.encoded().utf8), disclosure: Examples.event.bytes,
                history: NetworkHistory(genesis))
        } throws: { error in
            (error as? VerificationFailure)?.part == .receipt
                && (error as? VerificationFailure)?.code == expected
        }
    }

    @Test func everySingleSubsetOfCosignersBelowTheQuorumIsRefused() throws {
        let proof = try TlogProof(parsing: Examples.receipt)
        let lines = proof.checkpoint.signatures
        for subset in 0..<(1 << lines.count) {
            let kept = lines.indices.filter { subset >> $0 & 1 == 1 }.map { lines[$0] }
            let cosigned = kept.count { $0.name != genesis.origin }
            let note = SignedNote(text: proof.checkpoint.text, signatures: kept)
            let isAccepted = (try? genesis.initial.verify(note)) != nil
            #expect(isAccepted == (cosigned >= 3))
        }
    }

    @Test func anotherNetworkRefusesTheEvent() throws {
        let other = try TestNetwork(network: "other").genesis
        #expect {
            try ReceiptVerifier.verify(
                receipt: Examples.receipt, disclosure: Examples.event.bytes, history: NetworkHistory(other))
        } throws: { ($0 as? VerificationFailure)?.code == .wrongCommitment }
    }

    @Test func anEntryOfAnUnknownKeyIsRefused() throws {
        let disclosure = try EventDisclosure.make(
            payload: Examples.event.payload, submitter: TestNetwork.signer("stranger").keyID,
            opening: Examples.event.opening, networkID: genesis.networkID)
        #expect { try disclosure.verify(NetworkHistory(genesis)) } throws: {
            ($0 as? VerificationFailure)?.code == .unknownSubmitter
        }
    }

    /// The validators cosigned 1, 2 and 3 s after genesis; one of four may be faulty and its clock wrong.
    @Test(arguments: [
        (since: 1_795_374_003, isFirstSound: true, isDoubted: false), (1_795_374_002, true, true),
        (1_795_374_003, false, true), (1_795_374_009, false, false),
    ])
    func whatAStolenKeySignedIsDoubtedUnlessItIsOlder(
        since: Int64, isFirstSound: Bool, isDoubted: Bool
    ) throws {
        let state = genesis.initial
        let old = try #require(state.service(.consent))
        let since = Timestamp(seconds: since)
        var changes = [
            GovernanceChange.replaceService(
                GenesisService(
                    service: .consent, organization: old.organization, url: old.url,
                    signingKey: TestNetwork.signer("new consent").publicKey, sealingKey: old.sealingKey,
                    tokenKey: old.tokenKey)),
            .declareCompromise(KeyCompromise(key: old.signingKey, since: since)),
        ]
        if !isFirstSound {
            let key = state.validators[0].member.cosignatureKey
            changes += [
                .replaceValidator(ValidatorIndex(0), Examples.network.newcomer("fifth", number: 5)),
                .declareCompromise(KeyCompromise(key: key, since: since)),
            ]
        }
        let document = Examples.network.document(changes, of: state, expires: BlockHeight(100))
        var history = NetworkHistory(genesis)
        history.append(
            try GovernanceRules.apply(document, to: state, at: BlockHeight(9)), from: BlockHeight(10),
            treeSizeBefore: 100)
        let verified = try ReceiptVerifier.verify(
            receipt: Examples.receipt, disclosure: Examples.event.bytes, history: history)
        #expect(verified.doubt?.code == (isDoubted ? .compromisedKey : nil))
        // Other keys raise no doubt about what this one signed.
        let others = try ReceiptVerifier.verify(
            receipt: Examples.receipt, disclosure: Examples.event.bytes, history: NetworkHistory(genesis))
        #expect(others.doubt == nil)
    }

    /// The bits whose flip is accepted.
    private func flips(
        of bytes: [UInt8], where isTried: (Int) -> Bool = { _ in true },
        _ verify: ([UInt8]) throws -> VerifiedEvent
    ) -> [Int] {
        (0..<bytes.count * 8).filter(isTried).filter { bit in
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            return (try? verify(changed)) != nil
        }
    }
}
