import Cryptography
import Merkle
import Testing
import TransparencyLog

/// A log of seven entries with three cosigners.
struct SmallLog {
    static let origin = "consentry.example/test"
    let logSigner = Signer(SigningKey.generate())
    let cosigners = (0..<3).map { _ in Signer(SigningKey.generate()) }
    let leaves: [Digest]

    init(size: Int = 7) { leaves = (0..<size).map { MerkleTree.leafHash([UInt8]("entry \($0)".utf8)) } }

    func checkpoint(size: Int) -> Checkpoint {
        Checkpoint(
            origin: SmallLog.origin, size: UInt64(size),
            root: MerkleTree.root(ofLeafHashes: Array(leaves[..<size])))
    }

    func node(_ level: Int, _ index: UInt64) throws -> Digest {
        try #require(HashTile.hash(of: SubtreePosition(level: level, index: index), in: leaves))
    }

    func name(_ cosigner: Int) -> String { "validator-\(cosigner).example" }

    var cosignerKeys: [NoteVerifierKey] {
        cosigners.enumerated().map {
            NoteVerifierKey(name: name($0), kind: .cosignature, key: $1.publicKey)
        }
    }
    var logKey: NoteVerifierKey {
        NoteVerifierKey(name: SmallLog.origin, kind: .log, key: logSigner.publicKey)
    }

    func note(size: Int, by signers: [Int], signedByLog: Bool = true) -> SignedNote {
        let text = checkpoint(size: size).text
        let log = NoteSignature(signing: text, name: SmallLog.origin, with: logSigner)
        let others = signers.map {
            NoteSignature(cosigning: text, name: name($0), time: 1_700_000_000, with: cosigners[$0])
        }
        return SignedNote(text: text, signatures: (signedByLog ? [log] : []) + others)
    }

    func policy(quorum: Int, withLogKey: Bool = true) -> QuorumPolicy {
        QuorumPolicy(
            origin: SmallLog.origin, logKey: withLogKey ? logKey : nil, cosigners: cosignerKeys,
            quorum: quorum)
    }

    func proof(of index: Int, extra: [UInt8]? = nil, by signers: [Int] = [0, 1, 2]) throws -> TlogProof {
        let size = leaves.count
        let inclusion = try ProofBuilder.inclusion(index: UInt64(index), treeSize: UInt64(size), node: node)
        return TlogProof(
            extra: extra, index: UInt64(index), hashes: inclusion.hashes,
            checkpoint: note(size: size, by: signers))
    }
}

struct ProofTests {
    let log = SmallLog()

    @Test func everyEntryIsProven() throws {
        for index in log.leaves.indices {
            let proof = try log.proof(of: index, extra: index % 2 == 0 ? nil : [1, 2, 3])
            let read = try TlogProof(parsing: proof.encoded())
            let checkpoint = try read.verify(leafHash: log.leaves[index], policy: log.policy(quorum: 3))
            #expect(read == proof)
            #expect(checkpoint == log.checkpoint(size: 7))
            #expect(throws: NoteError.self) { try read.verifyInclusion(leafHash: .zero) }
        }
    }

    @Test func everyOneBitFlipIsRefused() throws {
        let good = [UInt8](try log.proof(of: 4, by: [0, 1]).encoded().utf8)
        let policy = log.policy(quorum: 2)
        let accepted = (0..<good.count * 8).filter { bit in
            var changed = good
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let proof = try? TlogProof(parsing: changed) else { return false }
            return (try? proof.verify(leafHash: log.leaves[4], policy: policy)) != nil
        }
        let unchanged = try TlogProof(parsing: good).verify(leafHash: log.leaves[4], policy: policy)
        #expect(unchanged.size == 7)
        #expect(accepted.isEmpty)
    }

    @Test func everyCutIsRefused() throws {
        let good = [UInt8](try log.proof(of: 4, by: [0, 1]).encoded().utf8)
        let policy = log.policy(quorum: 2)
        let accepted = (0..<good.count).filter { count in
            guard let proof = try? TlogProof(parsing: [UInt8](good[..<count])) else { return false }
            return (try? proof.verify(leafHash: log.leaves[4], policy: policy)) != nil
        }
        #expect(accepted.isEmpty)
    }

    @Test func otherSpellingsAreRefused() throws {
        let good = try log.proof(of: 4, extra: [1]).encoded()
        let changes = [
            ("@v1\n", "@v2\n"), ("@v1\n", "@v1 \n"), ("extra AQ==\n", "extra \n"),
            ("extra AQ==\n", "extra AQ\n"),
            ("extra AQ==\n", "extra AQ==\nextra AQ==\n"), ("extra AQ==\n", "\n"), ("index 4", "index 04"),
            ("index 4", "index  4"), ("index 4", "index +4"), ("index 4\n", ""), ("index 4", "index 4 "),
            ("extra AQ==\nindex 4\n", "index 4\nextra AQ==\n"), ("=\n\nconsentry", "=\nconsentry"),
            ("=\n\nconsentry", "=\n\n\nconsentry"), ("index 4\n", "index 4\n\n"),
            ("index 4\n", "index 4\nAAAA\n"),
        ]
        let accepted = changes.filter { old, new in
            let parts = good.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count != 2 || (try? TlogProof(parsing: parts.joined(separator: new))) != nil
        }
        #expect(accepted.map(\.1).isEmpty)
    }

    @Test func rangesAreProvenAgainstTheSignedSizeAndRoot() throws {
        let checkpoint = log.checkpoint(size: 7)
        let leaves = Array(log.leaves[2..<5])
        let proof = try RangeProof.make(first: 2, count: 3, treeSize: 7, node: log.node)
        let proven = try proof.verify(leafHashes: leaves, checkpoint: checkpoint)
        let inclusion = try proven.inclusionProof(at: 1)
        let resized = RangeProof(first: 2, count: 3, treeSize: 8, left: proof.left, right: proof.right)
        try inclusion.verify(leafHash: log.leaves[3], root: checkpoint.root)
        #expect(throws: NoteError.self) { try resized.verify(leafHashes: leaves, checkpoint: checkpoint) }
        #expect(throws: NoteError.self) {
            try proof.verify(leafHashes: leaves.reversed(), checkpoint: checkpoint)
        }
    }
}

struct QuorumPolicyTests {
    let log = SmallLog()

    @Test(arguments: [
        ([0, 1, 2], 3, true), ([0, 1], 2, true), ([2], 1, true), ([0, 1], 3, false), ([], 1, false),
    ])
    func theQuorumIsCounted(signers: [Int], quorum: Int, expected: Bool) {
        let note = log.note(size: 7, by: signers)
        let accepted = (try? log.policy(quorum: quorum).verify(note)) == log.checkpoint(size: 7)
        #expect(accepted == expected)
    }

    @Test func oneCosignerCountsOnce() {
        let note = log.note(size: 7, by: [0, 0, 0])
        #expect(throws: NoteError.quorumNotReached(valid: 1, needed: 2)) {
            try log.policy(quorum: 2).verify(note)
        }
    }

    @Test func unknownSignaturesArePassedOverAndListedOnesAreNot() throws {
        let stranger = Signer(SigningKey.generate())
        var note = log.note(size: 7, by: [0, 1])
        note.signatures.append(NoteSignature(signing: note.text, name: log.name(2), with: stranger))
        let accepted = try log.policy(quorum: 2).verify(note)
        #expect(accepted == log.checkpoint(size: 7))
        var bytes = note.signatures[1].bytes
        bytes[20] ^= 1
        let forged = NoteSignature(name: log.name(2), keyHash: log.cosignerKeys[2].id, bytes: bytes)
        note.signatures.append(forged)
        #expect(throws: NoteError.invalidSignature(name: log.name(2))) {
            try log.policy(quorum: 2).verify(note)
        }
    }

    @Test func theLogMustSignWhereItsKeyIsListed() throws {
        let note = log.note(size: 7, by: [0, 1], signedByLog: false)
        let accepted = try log.policy(quorum: 2, withLogKey: false).verify(note)
        #expect(accepted.size == 7)
        #expect(throws: NoteError.logSignatureMissing(origin: SmallLog.origin)) {
            try log.policy(quorum: 2).verify(note)
        }
    }

    @Test func anotherLogsCheckpointIsRefused() {
        let policy = QuorumPolicy(origin: "other", logKey: nil, cosigners: log.cosignerKeys, quorum: 1)
        #expect(throws: NoteError.wrongOrigin(expected: "other", found: SmallLog.origin)) {
            try policy.verify(log.note(size: 7, by: [0]))
        }
    }

    @Test(arguments: [0, -1, 4])
    func policiesThatDemandNothingOrTooMuchAreRefused(quorum: Int) {
        let note = log.note(size: 7, by: [0, 1, 2])
        #expect(throws: NoteError.self) { try log.policy(quorum: quorum).verify(note) }
    }

    @Test func unsoundKeyListsAreRefused() {
        let keys = log.cosignerKeys
        let note = log.note(size: 7, by: [0, 1, 2])
        let twice = QuorumPolicy(origin: SmallLog.origin, logKeys: [], cosigners: keys + [keys[0]], quorum: 3)
        let kinds = QuorumPolicy(origin: SmallLog.origin, logKeys: [keys[0]], cosigners: keys, quorum: 3)
        #expect(throws: NoteError.self) { try twice.verify(note) }
        #expect(throws: NoteError.self) { try kinds.verify(note) }
    }

    @Test func thePolicyFileHasTheC2SPForm() {
        let keys = log.cosignerKeys.map(\.vkey)
        let expected = """
            log \(log.logKey.vkey)
            witness cosigner-1 \(keys[0])
            witness cosigner-2 \(keys[1])
            witness cosigner-3 \(keys[2])
            group validators 2 cosigner-1 cosigner-2 cosigner-3
            quorum validators

            """
        #expect(log.policy(quorum: 2).policyFile == expected)
    }
}
