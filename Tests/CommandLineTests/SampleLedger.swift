import Cryptography
import Foundation
import Glibc
import LedgerProtocol
import Merkle
import Model
import TransparencyLog

/// A network of four validators and the ledger that they would have agreed on.
struct SampleLedger {
    /// The keys of one validator, of those at first and of those that joined.
    private struct Keys {
        let consensus = Signer(SigningKey.generate())
        let cosignature = Signer(SigningKey.generate())
        let log = Signer(SigningKey.generate())

        func member(_ name: String, of organization: ParticipantID) -> GenesisValidator {
            GenesisValidator(
                name: name, organization: organization, url: "http://\(name)",
                consensusKey: consensus.publicKey, cosignatureKey: cosignature.publicKey,
                logKey: log.publicKey)
        }
    }

    let genesis: Genesis
    private var keys: [ValidatorIndex: Keys]
    private var changeCount: UInt64 = 0
    private let organizations: [(id: ParticipantID, signer: Signer)]
    private var service: Signer
    private(set) var blocks: [FinalBlock] = []
    private(set) var leafHashes: [Digest] = []
    /// The network that signed each block.
    private var networks: [NetworkState] = []
    /// The chain after the newest block.
    private(set) var head: ChainHead
    private var nextSequence: UInt64 = 0

    init(name: String = "sample") throws {
        let keys = (0..<4).map { _ in Keys() }
        self.keys = Dictionary(
            uniqueKeysWithValues: keys.enumerated().map { (ValidatorIndex(UInt16($0.offset)), $0.element) })
        let service = Signer(SigningKey.generate())
        self.service = service
        let owners = ["North Hospital", "South Clinic"].map { name in
            (id: Self.identifier() as ParticipantID, name: name, signer: Signer(SigningKey.generate()))
        }
        self.organizations = owners.map { ($0.id, $0.signer) }
        let organizations = owners.map {
            GenesisOrganization(id: $0.id, name: $0.name, key: $0.signer.publicKey)
        }
        let validators = keys.enumerated().map { place, keys in
            keys.member("validator-\(place + 1).\(name).consentry.example", of: organizations[place % 2].id)
        }
        let services = ServiceName.allCases.map { member in
            GenesisService(
                service: member, organization: organizations[0].id,
                url: "https://\(member.rawValue).example",
                signingKey: member == .consent ? service.publicKey : SigningKey.generate().publicKey,
                sealingKey: SealingKey.generate().publicKey,
                tokenKey: member == .identity || member == .consent
                    ? SigningKey.generate().publicKey : nil)
        }
        genesis = try GenesisDraft(
            network: name, createdAt: Timestamp(milliseconds: 1_795_374_000_000),
            organizations: organizations, validators: validators, services: services
        ).genesis()
        head = ChainHead(genesis)
    }

    /// Appends blocks with one submission of each of these numbers of entries.
    mutating func append(_ counts: [Int], skippingSequences: UInt64 = 0) throws {
        for count in counts {
            nextSequence += skippingSequences
            let entries = (0..<count).map { _ in
                Entry.make(
                    submitter: service.keyID, id: Self.identifier(), time: 1_795_374_000, opening: .zero,
                    networkID: genesis.networkID, payload: [1])
            }
            let submission = try Submission.make(
                networkID: genesis.networkID, sequence: nextSequence, entries: entries, signer: service)
            try append(submission)
            nextSequence += 1
        }
    }

    /// Appends a block in which both organisations give the first validator new keys.
    mutating func replaceFirstValidator() throws {
        let state = head.network
        let old = state.validators[0]
        let fresh = Keys()
        keys[state.members.nextValidatorIndex] = fresh
        try change([
            .replaceValidator(
                old.index, fresh.member("again-\(old.member.name)", of: old.member.organization))
        ])
    }

    /// Appends a block in which both organisations give `consent` a new key, since the old one was stolen.
    mutating func replaceStolenKey(since: Timestamp) throws {
        guard let old = head.network.service(.consent) else { throw SampleFault() }
        let fresh = Signer(SigningKey.generate())
        try change([
            .replaceService(
                GenesisService(
                    service: .consent, organization: old.organization, url: old.url,
                    signingKey: fresh.publicKey, sealingKey: old.sealingKey, tokenKey: old.tokenKey)),
            .declareCompromise(KeyCompromise(key: old.signingKey, since: since)),
        ])
        service = fresh
        nextSequence = 0
    }

    private mutating func change(_ changes: [GovernanceChange]) throws {
        var document = GovernanceDocument(changes, of: head.network, expires: BlockHeight(1_000))
        for organization in organizations {
            document = document.signed(by: organization.id, with: organization.signer)
        }
        let signer = organizations[0].signer
        let entry = Entry.make(
            kind: .governance, submitter: signer.keyID, id: Self.identifier(), time: 1_795_374_000,
            opening: .zero, networkID: genesis.networkID, payload: document.bytes)
        try append(
            try Submission.make(
                networkID: genesis.networkID, sequence: changeCount, entries: [entry],
                publicPayloads: [document.bytes], signer: signer))
        changeCount += 1
    }

    /// Appends a block that a quorum certified, whatever is in it.
    mutating func append(_ submission: Submission) throws {
        let network = head.network
        let next = (try? GovernanceRules.nextState(after: [submission], on: network, at: head.height.next))
        let entry = BlockEntry(
            height: head.height.next, previous: head.hash, time: head.time.advanced(byMilliseconds: 10),
            validatorSet: network.validatorSetHash,
            nextValidatorSet: (next ?? network).validatorSetHash)
        let tree = FinalBlock.tree(after: head, submissions: [submission], blockEntry: entry)
        let text = FinalBlock.checkpointText(origin: genesis.origin, tree: tree)
        let hash = FinalBlock.hash(ofCheckpointText: text)
        let precommits = try network.validatorIndices.map { index in
            guard let keys = keys[index] else { throw SampleFault() }
            return Vote.make(
                networkID: genesis.networkID, step: .precommit, height: entry.height, round: 0,
                blockHash: hash, validator: index, signer: keys.consensus)
        }
        guard let certificate = Certificate.make(of: precommits, quorum: network.quorum) else {
            throw SampleFault()
        }
        blocks.append(
            FinalBlock(
                blockEntry: entry, checkpointText: text, certificate: certificate,
                submissions: [submission]))
        networks.append(network)
        leafHashes += submission.leafHashes + [entry.leafHash]
        head = ChainHead(
            height: entry.height, hash: hash, time: entry.time, tree: tree, network: next ?? network)
    }

    struct SampleFault: Error {}

    /// Goes back by so many blocks, to write another history from there on.
    mutating func forget(_ count: Int) throws {
        let kept = Array(blocks.dropLast(count))
        blocks = []
        networks = []
        leafHashes = []
        nextSequence = 0
        head = ChainHead(genesis)
        for block in kept {
            for submission in block.submissions { try append(submission) }
            nextSequence += 1
        }
    }

    /// Appends a block whose submission somebody else signed.
    mutating func appendForged() throws {
        let stranger = Signer(SigningKey.generate())
        var bytes = try Submission.make(
            networkID: genesis.networkID, sequence: nextSequence,
            entries: [
                Entry.make(
                    submitter: service.keyID, id: Self.identifier(), time: 1_795_374_000, opening: .zero,
                    networkID: genesis.networkID, payload: [1])
            ], signer: service
        ).encoded
        bytes.replaceSubrange(bytes.count - 64..<bytes.count, with: stranger.sign([1]).bytes)
        try append(try Submission(decoding: bytes))
        nextSequence += 1
    }

    var size: UInt64 { head.tree.size }

    /// The signed checkpoint of the newest block, or of an earlier one.
    func note(height: Int? = nil) throws -> SignedNote {
        let place = (height ?? blocks.count) - 1
        let (text, network) = (blocks[place].checkpointText, networks[place])
        let cosignatures = try network.validatorIndices.map { index in
            guard let keys = keys[index] else { throw SampleFault() }
            return (index, Cosignature(signing: text, time: 1_795_374_001, with: keys.cosignature))
        }
        guard let log = keys[network.validatorIndices[0]]?.log else { throw SampleFault() }
        let note = CheckpointNote.make(
            checkpointText: text, cosignatures: Dictionary(uniqueKeysWithValues: cosignatures),
            logSigner: log, network: network)
        guard let note else { throw SampleFault() }
        return note
    }

    /// The proofs of the changes to the network, as validators serve them.
    func changes() throws -> NetworkChangeList {
        var firstIndex: UInt64 = 0
        var previousText = ""
        var changes: [NetworkChange] = []
        for block in blocks {
            let size = firstIndex + UInt64(block.submissions.reduce(1) { $0 + $1.entryCount })
            let change = try NetworkChange.make(
                of: block, firstIndex: firstIndex, previousText: previousText
            ) { level, index in
                let first = Int(index) << level
                return MerkleTree.root(ofLeafHashes: Array(leafHashes[first..<first + 1 << level]))
            }
            changes += [change].compactMap { $0 }
            (firstIndex, previousText) = (size, block.checkpointText)
        }
        return NetworkChangeList(changes)
    }

    func consistency(from old: UInt64, to new: UInt64) throws -> ConsistencyProof {
        try ProofBuilder.consistency(oldSize: old, newSize: new) { level, index in
            let first = Int(index) << level
            return MerkleTree.root(ofLeafHashes: Array(leafHashes[first..<first + 1 << level]))
        }
    }

    /// Writes what a validator serves: checkpoint and blocks.
    func write(to folder: String, through height: Int? = nil) throws {
        let count = height ?? blocks.count
        try FileManager.default.createDirectory(
            atPath: "\(folder)/blocks", withIntermediateDirectories: true)
        for block in blocks.prefix(count) { try writeFile(block.encoded, "\(folder)/blocks/\(block.height)") }
        try writeFile([UInt8](try note(height: count).encoded().utf8), "\(folder)/checkpoint")
    }

    private static func identifier<Kind>() -> Identifier<Kind> { Identifier(Random.bytes(16))! }
}

/// Any web server: Python's, over a folder.
final class StaticServer {
    let url: String
    private let process: Process

    init(_ folder: String) async throws {
        process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        let output = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: output) }
        process.arguments = [
            "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", folder, "--protocol",
            "HTTP/1.1",
        ]
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = FileHandle.nullDevice
        try process.run()
        var port: Substring?
        for _ in 0..<200 where port == nil {
            try await Task.sleep(for: .milliseconds(50))
            let text = String(decoding: try Data(contentsOf: output), as: UTF8.self)
            port = text.split(separator: " ").drop { $0 != "port" }.dropFirst().first
        }
        guard let port else { throw SampleLedger.SampleFault() }
        url = "http://127.0.0.1:\(port)"
    }

    func stop() {
        // Threads of a test block SIGTERM, and what they start inherits that.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
