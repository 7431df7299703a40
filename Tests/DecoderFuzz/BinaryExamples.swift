import Cryptography
import LedgerCore
import LedgerFixtures
import LedgerProtocol
import Model
import TransparencyLog

/// One network and its chain, from which every example is made; the same in each run.
struct BinaryExamples {
    let network: TestNetwork
    let chain: TestChain

    init() throws {
        let network = try TestNetwork()
        self.network = network
        var chain = TestChain(network)
        try chain.append([])
        try chain.append([
            try network.submission(
                by: .consent, sequence: 0, events: try (0..<3).map { try network.disclosure($0) }),
            try network.submission(by: .consent, sequence: 1, events: [try network.disclosure(3)]),
            try network.submission(
                by: .identity, sequence: 0, events: [try network.disclosure(4, by: .identity)]),
        ])
        self.chain = chain
    }

    private var genesis: Genesis { network.genesis }
    private var block: FinalBlock { chain.blocks[1] }
    private var prevotes: [Vote] {
        Array(chain.votes(.prevote, height: block.height, blockHash: block.blockHash).prefix(3))
    }

    func submissions() throws -> [Submission] {
        let payloads = [[UInt8]("{\"policy\":\"open\"}".utf8), []]
        let signer = network.signer(of: .identity)
        let entries = payloads.enumerated().map { place, payload in
            Entry.make(
                kind: EntryKind(rawValue: 0x8001), submitter: signer.keyID,
                id: TestNetwork.identifier("public \(place)"), time: 1, opening: .zero,
                networkID: genesis.networkID, payload: payload)
        }
        let mixed = try Submission.make(
            networkID: genesis.networkID, sequence: 9,
            entries: [entries[0], try network.disclosure(5, by: .identity).entry, entries[1]],
            publicPayloads: payloads, signer: signer)
        return block.submissions + [mixed]
    }

    func proposals() throws -> [Proposal] {
        try [(nil, []), (UInt32(0), prevotes)].map { validRound, prevotes in
            try Proposal.make(
                Proposal.Content(
                    networkID: genesis.networkID, round: validRound == nil ? 0 : 1, validRound: validRound,
                    proposer: ValidatorIndex(2), submissionHashes: block.submissions.map(\.hash),
                    blockEntry: block.blockEntry, checkpointText: block.checkpointText, prevotes: prevotes),
                signer: network.consensus[2])
        }
    }

    func votes() -> [Vote] {
        prevotes + chain.votes(.precommit, height: BlockHeight(7), round: 3, blockHash: nil)
    }

    func cosignature() -> CosignatureMessage {
        CosignatureMessage(
            networkID: genesis.networkID, height: block.height, validator: ValidatorIndex(1),
            checkpointHash: block.blockHash,
            cosignature: Cosignature(
                signing: block.checkpointText, time: 1_795_374_002, with: network.cosignature[1]))
    }

    func query() -> SubmissionQuery {
        SubmissionQuery(
            networkID: genesis.networkID, validator: ValidatorIndex(3), hashes: block.submissions.map(\.hash))
    }

    func status() -> HeightStatus {
        HeightStatus.make(
            networkID: genesis.networkID, validator: ValidatorIndex(0), height: BlockHeight(3),
            signer: network.consensus[0])
    }

    func refusal() -> SubmissionRefusal {
        SubmissionRefusal.make(
            SubmissionRefusal.Content(
                networkID: genesis.networkID, keyID: network.signer(of: .records).keyID, sequence: 17,
                submissionHash: SHA256.hash([1]), code: .sequenceTaken, nextSequence: 18,
                validator: ValidatorIndex(3)),
            signer: network.consensus[3])
    }

    func records() throws -> [ReceiptRecord] {
        try [ServiceName.consent, .identity].map { try chain.record(of: network.signer(of: $0).keyID) }
    }

    /// An empty sign-state, one with a vote, and one with everything.
    func signStates() throws -> [SignState] {
        let empty = SignState(networkID: genesis.networkID, validator: ValidatorIndex(2))
        var voted = empty
        let (height, hash) = (block.height, block.blockHash)
        _ = try voted.vote(.prevote, height: height, round: 0, blockHash: hash, signer: network.consensus[2])
        var full = voted
        let again = try proposals()[1]
        let signer = network.consensus[2]
        _ = try full.vote(.precommit, height: height, round: 0, blockHash: hash, signer: signer)
        _ = try full.propose(again.content, signer: signer)
        full.bind(
            lock: Lock(round: 0, blockHash: hash),
            valid: ValidValue(round: 0, proposal: again, prevotes: prevotes), height: height)
        _ = try full.cosign(
            checkpointText: block.checkpointText, height: height, time: block.blockEntry.time,
            signer: network.cosignature[2])
        return [empty, voted, full]
    }
}
