import Cryptography
import LedgerProtocol
import Merkle
import Model
import TransparencyLog

/// What follows once a block is final.
extension ValidatorCore {
    // Blocks whose receipts wait for cosignatures; more than these are read back from the store.
    private static let unpublishedMax = 16

    mutating func decide(_ blockHash: Digest, _ precommits: [Vote]) {
        guard let block = built[blockHash],
            let certificate = Certificate.make(of: precommits, quorum: block.network.quorum)
        else { preconditionFailure("a block was decided that was not built or has no quorum") }
        append(block, certificate)
    }

    /// Puts a final block on the chain and enters the next height.
    mutating func append(_ block: BuiltBlock, _ certificate: Certificate) {
        let cosignature = cosign(block)
        flush()
        let commit = BlockCommit(
            block: block, certificate: certificate, cosignature: cosignature,
            tiles: tiles.append(block.nodes))
        decided.append(
            DecidedBlock(commit: commit, signState: takeUnpersisted(), isCatchUp: isCatchingUp))
        pendingCommitCount += 1
        chain = block.head
        if block.next != block.network { enter(block) }
        let waits = mempool.settle(block, atMilliseconds: now.uptimeMilliseconds)
        actions.append(.measure(waitsMilliseconds: waits))
        settledLately.add(block.submissions.map(\.hash), atMilliseconds: now.uptimeMilliseconds)
        unpublished[block.height] = (ReceiptBuilder.Block(block), block.nodes)
        if unpublished.count > Self.unpublishedMax, let oldest = unpublished.keys.min() {
            unpublished[oldest] = nil
        }
        if !isCatchingUp { handOver() }
        enterHeight()
    }

    /// Gives the store the next decided block once the one before is stored; while catching up, all that
    /// wait.
    ///
    /// INVARIANT: the certificate, the cosignature and the note hold own signatures, so what was signed up
    /// to this block becomes durable first; what was signed after it waits, lest the sign-state run ahead.
    mutating func handOver() {
        guard pendingCommitCount == decided.count, let first = decided.first else { return }
        let run = first.isCatchUp ? Array(decided.prefix { $0.isCatchUp }) : [first]
        decided.removeFirst(run.count)
        if let state = run.last(where: { $0.signState != nil })?.signState { actions.append(.persist(state)) }
        for next in run { actions.append(.commit(next.commit)) }
        for next in run {
            let (block, cosignature) = (next.commit.block, next.commit.cosignature)
            resume(block.height, block.checkpointText, cosignature, block.network)
            if let cosignature {
                withheld.append(OutboundMessage(topic: .ledgerConsensus, bytes: cosignature.encoded))
            }
        }
    }

    /// Starts to gather the cosignatures of a checkpoint; the own one is durable in the sign-state.
    mutating func resume(
        _ height: BlockHeight, _ checkpointText: String, _ own: CosignatureMessage?, _ network: NetworkState
    ) {
        if let note = collector.begin(height: height, checkpointText: checkpointText, network: network) {
            complete(height, note)
        }
        if let own, let note = collector.receive(own) { complete(height, note) }
    }

    /// Cosigns a checkpoint once; nil for one whose height was cosigned before the database was lost, and for
    /// heights at which this validator was not in force.
    private mutating func cosign(_ block: BuiltBlock) -> CosignatureMessage? {
        guard block.network.validator(settings.validator) != nil else { return nil }
        if let last = signState.cosignature, last.height == block.height,
            last.checkpointHash != block.blockHash
        {
            actions.append(.halt(.cosignedAnother))
            return nil
        }
        let before = signState.cosignature
        do throws(SignRefusal) {
            let message = try signState.cosign(
                checkpointText: block.checkpointText, height: block.height, time: now.wallClock,
                signer: settings.keys.cosignature)
            if message != before { isSignStateDirty = true }
            return message
        } catch {
            return nil
        }
    }

    /// Goes over to the network as the block changed it.
    private mutating func enter(_ block: BuiltBlock) {
        history.append(block.next, from: block.height.next, treeSizeBefore: block.treeSize)
        verifier = MessageVerifier(history: history)
        peers.enter(block.next)
        actions.append(.enter(history))
        haltUnlessKeysFit()
    }

    /// Ends a process that was given another validator's keys, as soon as the network names the own ones.
    mutating func haltUnlessKeysFit() {
        guard let own = network.validator(settings.validator) else { return }
        let keys = settings.keys
        let fits =
            own.consensusKey == keys.consensus.publicKey
            && own.cosignatureKey == keys.cosignature.publicKey && own.logKey == keys.log.publicKey
        if !fits { actions.append(.halt(.keysNotInForce)) }
    }

    private mutating func enterHeight() {
        queue = []
        timeouts = [:]
        built = [:]
        disputed = []
        clockDifferenceMilliseconds = nil
        incomplete = IncompleteProposals()
        triedRound = nil
        queryAt = nil
        enteredAt = now.uptimeMilliseconds
        finalBlocks.drop(through: chain.height)
        agreement = Agreement(
            network: chain.network, validator: settings.validator, height: chain.height.next)
        run(agreement.start(restoring: signState, verifier: verifier))
        if mempool.hasWork { run(agreement.wake()) }
        for message in upcoming.take(agreement.height) { take(message) }
    }

    /// Takes a note that has its quorum.
    mutating func complete(_ height: BlockHeight, _ note: SignedNote) {
        actions.append(.keep(note: note, height: height))
        if newestNote.map({ height > $0.height }) ?? true {
            newestNote = HeightNote(height: height, note: note)
        }
        notes[height] = note
        if height <= committedHeight { publishReceipts(height) }
    }

    /// Publishes the receipts of a stored block with a complete note to the own organisation's services.
    mutating func publishReceipts(_ height: BlockHeight) {
        guard let note = notes.removeValue(forKey: height) else { return }
        guard let (block, nodes) = unpublished.removeValue(forKey: height) else {
            actions.append(.answer(.receipts(height)))
            return
        }
        let records = try? ReceiptBuilder.records(
            of: block, note: note, networkID: settings.genesis.networkID, isWanted: isOwn
        ) { level, index in
            guard let node = nodes.node(level: level, index: index) else {
                preconditionFailure("a block lacks a subtree that its own receipts need")
            }
            return node
        }
        for record in records ?? [] {
            actions.append(
                .send(
                    OutboundMessage(
                        topic: .ledgerReceipts, key: record.keyID.bytes, bytes: record.encoded)))
        }
    }
}
