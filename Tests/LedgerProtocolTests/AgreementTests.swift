import Cryptography
import LedgerFixtures
import LedgerProtocol
import Merkle
import Model
import Testing
import TransparencyLog

@Suite struct AgreementTests {
    private let network = Examples.network
    private let chain = Examples.chain
    private var genesis: Genesis { network.genesis }
    private var block: FinalBlock { chain.blocks[1] }

    @Test func everyFlippedBitOfASignedMessageIsRefused() throws {
        let genesis = genesis
        let text = block.checkpointText
        let forms: [(String, ([UInt8]) throws -> Void)] = [
            ("vote-precommit", { try Vote(decoding: $0).verify(NetworkHistory(genesis)) }),
            ("vote-nil", { try Vote(decoding: $0).verify(NetworkHistory(genesis)) }),
            ("certificate", { try Certificate(decoding: $0).verify(genesis.initial) }),
            ("proposal", { try Proposal(decoding: $0).verify(NetworkHistory(genesis)) }),
            ("proposal-again", { try Proposal(decoding: $0).verify(NetworkHistory(genesis)) }),
            ("height-status", { try HeightStatus(decoding: $0).verify(NetworkHistory(genesis)) }),
            (
                "cosignature",
                { try CosignatureMessage(decoding: $0).verify(genesis.initial, checkpointText: text) }
            ),
        ]
        for (name, verify) in forms {
            let example = try #require(Examples.forms.first { $0.name == name })
            try verify(example.bytes)
            let accepted = (0..<example.bytes.count * 8).filter { bit in
                // A cosignature covers no height: it is the checkpoint's, whose hash the message names.
                if name == "cosignature", (36..<44).contains(bit / 8) { return false }
                var bytes = example.bytes
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                return (try? verify(bytes)) != nil
            }
            #expect(accepted == [], "\(name)")
        }
    }

    @Test func aCertificateNeedsAQuorumOfPrecommitsForOneBlock() throws {
        let votes = chain.votes(.precommit, height: block.height, blockHash: block.blockHash)
        let made = try #require(Certificate.make(of: votes.reversed(), quorum: 3))
        #expect(made.members.map(\.validator.value) == [0, 1, 2])
        try made.verify(genesis.initial)
        #expect(Certificate.make(of: Array(votes.prefix(2)), quorum: 3) == nil)
        #expect(Certificate.make(of: [votes[0], votes[0], votes[1]], quorum: 3) == nil)
        let others = chain.votes(.precommit, height: block.height, round: 1, blockHash: block.blockHash)
        #expect(Certificate.make(of: [votes[0], votes[1], others[2]], quorum: 3) == nil)
        let prevotes = chain.votes(.prevote, height: block.height, blockHash: block.blockHash)
        #expect(Certificate.make(of: prevotes, quorum: 3) == nil)
        let nils = chain.votes(.precommit, height: block.height, blockHash: nil)
        #expect(Certificate.make(of: nils, quorum: 3) == nil)
        let small = Certificate(
            networkID: made.networkID, height: made.height, round: made.round, blockHash: made.blockHash,
            members: Array(made.members.prefix(2)))
        #expect { try small.verify(genesis.initial) } throws: {
            ($0 as? ProtocolFault)?.code == .quorumNotMet
        }
    }

    @Test func aValidRoundNeedsAQuorumOfItsPrevotes() throws {
        let content = try Examples.proposal(validRound: 0).content
        let tooFew = try Proposal.make(
            with(content, prevotes: Array(content.prevotes.prefix(2))), signer: network.consensus[2])
        #expect(!tooFew.isInForce(genesis.initial))
        let nils = Array(chain.votes(.prevote, height: block.height, blockHash: nil).prefix(3))
        let elsewhere = try Proposal.make(with(content, prevotes: nils), signer: network.consensus[2])
        #expect { try elsewhere.verify(NetworkHistory(genesis)) } throws: {
            ($0 as? ProtocolFault)?.code == .inconsistent
        }
        let stolen = try Proposal.make(content, signer: network.consensus[1])
        #expect { try stolen.verify(NetworkHistory(genesis)) } throws: {
            ($0 as? ProtocolFault)?.code == .badSignature
        }
        #expect(throws: DecodingFault.self) {
            try Proposal.make(with(content, prevotes: []), signer: network.consensus[2])
        }
    }

    @Test func aChainOfBlocksVerifies() throws {
        var head = ChainHead(genesis)
        #expect(head.hash == genesis.networkID)
        for block in chain.blocks {
            head = try FinalBlock(decoding: block.encoded).verify(after: head)
        }
        #expect(head == chain.head)
        #expect(head.tree.root() == MerkleTree.root(ofLeafHashes: chain.leaves))
        #expect(head.hash == SHA256.hash([UInt8](block.checkpointText.utf8)))
    }

    @Test(arguments: [
        ("height", ProtocolFault.Code.wrongPredecessor), ("previous", .wrongPredecessor),
        ("time", .inconsistent), ("set", .inconsistent), ("next set", .inconsistent),
    ])
    func aWrongBlockEntryIsRefused(change: String, code: ProtocolFault.Code) throws {
        let block = try chain.next([]) { entry in
            BlockEntry(
                height: change == "height" ? entry.height.next : entry.height,
                previous: change == "previous" ? .zero : entry.previous,
                time: change == "time" ? chain.head.time : entry.time,
                validatorSet: change == "set" ? .zero : entry.validatorSet,
                nextValidatorSet: change == "next set" ? .zero : entry.nextValidatorSet)
        }
        #expect { try block.verify(after: chain.head) } throws: {
            ($0 as? ProtocolFault)?.code == code
        }
    }

    @Test func anotherCertificateOrOtherEntriesAreRefused() throws {
        let head = try chain.blocks[0].verify(after: ChainHead(genesis))
        let changes: [(FinalBlock, ProtocolFault.Code)] = [
            (replacing(certificate: chain.blocks[0].certificate), .inconsistent),
            (replacing(submissions: Array(block.submissions.dropLast())), .wrongRoot),
            (replacing(submissions: block.submissions.reversed()), .inconsistent),
            (replacing(submissions: block.submissions + [block.submissions[0]]), .inconsistent),
        ]
        for (changed, code) in changes {
            #expect { try changed.verify(after: head) } throws: {
                ($0 as? ProtocolFault)?.code == code
            }
        }
    }

    @Test func blocksAreOrderedByKeyAndSequence() throws {
        let submissions = block.submissions
        #expect(FinalBlock.isInOrder(submissions))
        #expect(FinalBlock.ordered(submissions.reversed()) == submissions)
        let gap = try [0, 2].map {
            try network.submission(
                by: .consent, sequence: $0, events: [try network.disclosure(Int($0) + 50)])
        }
        #expect(!FinalBlock.isInOrder(gap))
    }

    private func with(_ content: Proposal.Content, prevotes: [Vote]) -> Proposal.Content {
        Proposal.Content(
            networkID: content.networkID, round: content.round, validRound: content.validRound,
            proposer: content.proposer, submissionHashes: content.submissionHashes,
            blockEntry: content.blockEntry, checkpointText: content.checkpointText, prevotes: prevotes)
    }

    private func replacing(
        certificate: Certificate? = nil, submissions: [Submission]? = nil
    ) -> FinalBlock {
        FinalBlock(
            blockEntry: block.blockEntry, checkpointText: block.checkpointText,
            certificate: certificate ?? block.certificate, submissions: submissions ?? block.submissions)
    }
}
