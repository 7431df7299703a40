import Cryptography
import LedgerFixtures
import LedgerProtocol
import Model
import Testing
import TransparencyLog

/// One value of a binary form with its decoder, without its type.
struct FormExample: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    /// Reads bytes and writes them again.
    let again: @Sendable ([UInt8]) throws -> [UInt8]

    init<Form: BinaryForm>(_ name: String, _ form: Form) {
        self.name = name
        bytes = form.encoded
        again = { try Form(decoding: $0).encoded }
    }

    var testDescription: String { name }
}

/// One network, chain and event from which the vectors and the exhaustive tests are made.
enum Examples {
    static let network: TestNetwork = attempt { try TestNetwork() }
    static let event: EventDisclosure = attempt { try network.disclosure(2) }
    static let chain: TestChain = attempt { try chain(of: network) }
    /// The receipt of `event`.
    static let receipt: [UInt8] = attempt { try receipt(in: chain) }
    /// The same with a small genesis file, for what is tried thousands of times.
    static let compactNetwork: TestNetwork = attempt { try TestNetwork(isCompact: true) }
    static let compactEvent: EventDisclosure = attempt { try compactNetwork.disclosure(2) }
    static let compactReceipt: [UInt8] = attempt { try receipt(in: try chain(of: compactNetwork)) }

    /// The chain and three more blocks: each key goes on where it was, and one block is a heartbeat.
    static let ledger: TestChain = attempt {
        var ledger = chain
        try ledger.append([
            try network.submission(
                by: .identity, sequence: 1,
                events: try (6..<9).map { try network.disclosure($0, by: .identity) }),
            try network.submission(
                by: .records, sequence: 0, events: [try network.disclosure(9, by: .records)]),
        ])
        try ledger.append([])
        try ledger.append([
            try network.submission(by: .consent, sequence: 2, events: [try network.disclosure(10)])
        ])
        return ledger
    }

    /// The chain, a block in which a fifth validator joins, and a block of the five.
    static let changedLedger: (chain: TestChain, changes: NetworkChangeList) = attempt {
        var ledger = chain
        let fifth = network.newcomer("fifth", number: 5)
        ledger.newcomers = [TestNetwork.signer("fifth consensus")]
        let document = network.document(
            [.addValidator(fifth)], of: network.genesis.initial, expires: BlockHeight(100))
        try ledger.append([try network.submission(of: document, sequence: 0)])
        let change = try ledger.networkChange()
        try ledger.append([])
        return (ledger, NetworkChangeList([change].compactMap { $0 }))
    }

    /// The newest checkpoint of the changed ledger, cosigned by a quorum of the five.
    static let changedNote: SignedNote = attempt {
        let text = changedLedger.chain.blocks.last?.checkpointText ?? ""
        let signers = network.cosignature + [TestNetwork.signer("fifth cosignature")]
        let cosignatures = signers.enumerated().dropFirst().map { place, signer in
            (ValidatorIndex(UInt16(place)), Cosignature(signing: text, time: 1_795_374_009, with: signer))
        }
        let note = CheckpointNote.make(
            checkpointText: text, cosignatures: Dictionary(uniqueKeysWithValues: cosignatures),
            logSigner: network.log[1], network: changedLedger.chain.head.network)
        guard let note else { fatalError("four of five cosigned") }
        return note
    }

    private static func chain(of network: TestNetwork) throws -> TestChain {
        var chain = TestChain(network)
        try chain.append([])
        try chain.append([
            try network.submission(
                by: .consent, sequence: 0,
                events: [try network.disclosure(1), try network.disclosure(2)]),
            try network.submission(by: .consent, sequence: 1, events: [try network.disclosure(3)]),
            try network.submission(
                by: .identity, sequence: 0, events: [try network.disclosure(4, by: .identity)]),
        ])
        return chain
    }

    private static func receipt(in chain: TestChain) throws -> [UInt8] {
        var client = LightClient(genesis: chain.network.genesis)
        let keyID = chain.network.signer(of: .consent).keyID
        let submissions = chain.blocks[1].submissions.filter { $0.keyID == keyID }
        let receipts = try client.accept(try chain.record(of: keyID), submissions: submissions)
        return [UInt8](receipts[1].proof.encoded().utf8)
    }

    static let forms: [FormExample] = attempt {
        let genesis = network.genesis
        let block = chain.blocks[1]
        let hash = block.blockHash
        let text = block.checkpointText
        let cosignature = Cosignature(signing: text, time: 1_795_374_002, with: network.cosignature[1])
        return [
            FormExample("entry", event.entry),
            FormExample("block-entry", block.blockEntry),
            FormExample("submission", block.submissions[0]),
            FormExample("submission-public", try publicSubmission()),
            FormExample("vote-precommit", chain.votes(.precommit, height: block.height, blockHash: hash)[2]),
            FormExample("vote-nil", chain.votes(.prevote, height: block.height, round: 7, blockHash: nil)[0]),
            FormExample("certificate", block.certificate),
            FormExample("proposal", try proposal(validRound: nil)),
            FormExample("proposal-again", try proposal(validRound: 0)),
            FormExample(
                "cosignature",
                CosignatureMessage(
                    networkID: genesis.networkID, height: block.height, validator: ValidatorIndex(1),
                    checkpointHash: hash, cosignature: cosignature)),
            FormExample(
                "submission-query",
                SubmissionQuery(
                    networkID: genesis.networkID, validator: ValidatorIndex(3),
                    hashes: block.submissions.map(\.hash))),
            FormExample(
                "height-status",
                HeightStatus.make(
                    networkID: genesis.networkID, validator: ValidatorIndex(0), height: BlockHeight(3),
                    signer: network.consensus[0])),
            FormExample("final-block", block),
            FormExample(
                "double-vote",
                DoubleVote(
                    chain.votes(.precommit, height: block.height, blockHash: hash)[2],
                    chain.votes(.precommit, height: block.height, blockHash: nil)[2])),
            FormExample("receipt-record", try chain.record(of: network.signer(of: .consent).keyID)),
            FormExample("submission-refusal", refusal()),
        ]
    }

    static func proposal(validRound: UInt32?) throws -> Proposal {
        let block = chain.blocks[1]
        let prevotes = chain.votes(.prevote, height: block.height, round: 0, blockHash: block.blockHash)
        return try Proposal.make(
            Proposal.Content(
                networkID: network.genesis.networkID, round: validRound == nil ? 0 : 1,
                validRound: validRound, proposer: ValidatorIndex(2),
                submissionHashes: block.submissions.map(\.hash), blockEntry: block.blockEntry,
                checkpointText: block.checkpointText,
                prevotes: validRound == nil ? [] : Array(prevotes.prefix(3))),
            signer: network.consensus[2])
    }

    static func publicSubmission() throws -> Submission {
        let payload = [UInt8]("{\"policy\":\"open\"}".utf8)
        let signer = network.signer(of: .identity)
        let entry = Entry.make(
            kind: EntryKind(rawValue: 0x8001), submitter: signer.keyID,
            id: TestNetwork.identifier("public"), time: 1_795_374_000, opening: .zero,
            networkID: network.genesis.networkID, payload: payload)
        return try Submission.make(
            networkID: network.genesis.networkID, sequence: 9,
            entries: [try network.disclosure(5, by: .identity).entry, entry], publicPayloads: [payload],
            signer: signer)
    }

    static func refusal() -> SubmissionRefusal {
        SubmissionRefusal.make(
            SubmissionRefusal.Content(
                networkID: network.genesis.networkID, keyID: network.signer(of: .records).keyID,
                sequence: 17, submissionHash: SHA256.hash([1]), code: .sequenceTaken, nextSequence: 18,
                validator: ValidatorIndex(3)),
            signer: network.consensus[3])
    }

    private static func attempt<Value>(_ make: () throws -> Value) -> Value {
        do { return try make() } catch { fatalError("an example could not be made: \(error)") }
    }
}
