import LedgerProtocol
import Model

/// How a validator helps others, and how it gets help.
extension ValidatorCore {
    private static let gossipMilliseconds: Int64 = 1_000
    // What one validator sends again in one turn; the rest follows in the next.
    private static let submissionBytesMax = 1 << 20
    private static let cosignatureHeightsMax = 16
    // From so many heights on a validator fetches blocks; an answer over HTTP has 64.
    private static let fetchedHeightsMin: UInt64 = 64
    private static let standingMilliseconds: Int64 = 1_000

    /// Once a second: says where this validator stands, and sends again what has not led to anything
    /// since the last time.
    mutating func gossip() {
        let isStuck = heightAtGossip == chain.height
        gossipAt = now.uptimeMilliseconds + Self.gossipMilliseconds
        hear(settings.validator, height: BlockHeight(0))
        sendStatus(.direct)
        if isStuck { gossipHeight() }
        gossipSubmissions()
        overdue = mempool.overdue(after: settings.overdueMilliseconds, atMilliseconds: now.uptimeMilliseconds)
        for height in collector.openHeights.prefix(Self.cosignatureHeightsMax)
        where isOld(height) && height <= committedHeight {
            for message in collector.messages(of: height) {
                actions.append(
                    .send(OutboundMessage(topic: .ledgerConsensus, bytes: message.encoded, way: .direct)))
            }
        }
        heightAtGossip = chain.height
    }

    /// Sends every held message of the height again, the others' too: who missed one need not wait for
    /// its sender.
    mutating func gossipHeight() {
        // The own messages among them may not be durable yet.
        guard pendingCommitCount == 0 else { return }
        flush()
        let held = agreement.heldMessages
        for proposal in held.proposals {
            actions.append(
                .send(OutboundMessage(topic: .ledgerConsensus, bytes: proposal.encoded, way: .repeated)))
        }
        for vote in held.votes {
            actions.append(
                .send(OutboundMessage(topic: .ledgerConsensus, bytes: vote.encoded, way: .repeated)))
        }
    }

    private mutating func gossipSubmissions() {
        let unsent = mempool.takeUnsent(
            forMilliseconds: Self.gossipMilliseconds, bytesMax: Self.submissionBytesMax,
            atMilliseconds: now.uptimeMilliseconds)
        for submission in unsent { send(submission) }
    }

    mutating func sendStatus(_ way: OutboundMessage.Way = .bus) {
        guard stated.admits(agreement.height, at: now.uptimeMilliseconds) else { return }
        let status = HeightStatus.make(
            networkID: settings.genesis.networkID, validator: settings.validator, height: agreement.height,
            signer: settings.keys.consensus)
        actions.append(.send(OutboundMessage(topic: .ledgerConsensus, bytes: status.encoded, way: way)))
    }

    mutating func take(_ status: HeightStatus) {
        guard status.validator != settings.validator else { return }
        hear(status.validator, height: status.height)
        let stands = peers.stated(status.validator, height: status.height, at: now.uptimeMilliseconds)
        if status.height > agreement.height {
            sendStatus()
            return
        }
        // One height of difference is the time that messages take.
        let isBehind = status.height.next < agreement.height || isOld(status.height)
        guard isBehind, status.height <= committedHeight else { return }
        // One that is far behind fetches blocks from the others' stores; the bus is for one that cannot and
        // so stands still.
        let isFar = committedHeight.value - status.height.value > Self.fetchedHeightsMin
        let isRepeated = isFar ? stands.milliseconds >= Self.standingMilliseconds : stands.repetitions > 0
        // Then all help, each once a second: it repeats itself more often, and everybody reads the answers.
        let isHelped =
            isRepeated
            ? repeatedlyHelped.admits(status.validator, at: now.uptimeMilliseconds)
            : !isFar && isHelper(of: status.validator, at: status.height)
        guard isHelped else { return }
        actions.append(.answer(.finalBlocks(from: status.height, through: committedHeight)))
    }

    /// Notes that a validator sent something of a height.
    mutating func hear(_ sender: ValidatorIndex, height: BlockHeight) {
        peers.heard(sender, height: height, own: agreement.height, at: now.uptimeMilliseconds)
    }

    /// One validator answers at first, another at the next height; all answer a validator that asks again.
    func isHelper(of asker: ValidatorIndex, at height: BlockHeight) -> Bool {
        let count = network.validators.count
        guard let own = network.position(of: settings.validator) else { return false }
        // One that has left, or is to join, asks too; it has no place, and any will do.
        guard let place = network.position(of: asker) else { return Int(height.value) % count == own }
        guard count > 1 else { return false }
        let turn = 1 + Int(height.value % UInt64(count - 1))
        return (place + turn) % count == own
    }

    mutating func take(_ block: Verified<FinalBlock>) {
        let height = block.message.height
        // Somebody was sent this block, and may have lost its own cosignature with its database.
        sendCosignatures(of: height)
        guard height > chain.height, height.value - chain.height.value <= FinalBlockBuffer.heightsAheadMax
        else {
            return
        }
        finalBlocks.add(block)
        applyFinalBlocks()
    }

    /// Appends final blocks of others as far as they follow on the chain and the store keeps up.
    mutating func applyFinalBlocks() {
        // The shell's doors may be open before the start, which then goes on from what was found stored.
        guard agreement.isStarted else { return }
        // So far behind, the blocks were decided without this validator, and the store takes many at once.
        isCatchingUp = finalBlocks.count > Self.catchingUpBlocksMin
        let commitsMax = isCatchingUp ? Self.bulkCommitsMax : Self.commitsAheadMax
        while pendingCommitCount < commitsMax, let (block, certificate) = takeNextFinalBlock() {
            append(block, certificate)
        }
        isCatchingUp = false
        handOver()
        if finalBlocks.isEmpty, peers.highest > agreement.height.next { sendStatus() }
    }

    private mutating func takeNextFinalBlock() -> (BuiltBlock, Certificate)? {
        for block in finalBlocks.take(chain.height.next) {
            // It was verified by the network as it was known when it came.
            guard (try? block.certificate.verifyQuorum(network)) != nil else { continue }
            do throws(BlockFault) {
                let built = try BlockRules.rebuild(
                    entry: block.blockEntry, checkpointText: block.checkpointText,
                    submissions: block.submissions, on: chain,
                    nextSequence: { mempool.nextSequence(of: $0) })
                return (built, block.certificate)
            } catch {
                // Its certificate verified, so its sender changed the submissions; another sends them whole.
                continue
            }
        }
        return nil
    }
}
