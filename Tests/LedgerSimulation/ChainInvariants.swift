import Cryptography
import LedgerCore
import LedgerProtocol
import Merkle
import Model
import TransparencyLog

/// What honest validators may store and publish.
extension Invariants {
    /// Judges a block that an honest validator gives to its store.
    mutating func decided(_ commit: BlockCommit, by index: Int) {
        let height = commit.block.height
        if height.value <= UInt64(chain.count) {
            let known = chain[Int(height.value) - 1]
            if known.head.hash != commit.block.blockHash {
                broken(.fork, "validator \(index), height \(height)")
            }
            verify(commit, index)
            return
        }
        guard height.value == UInt64(chain.count) + 1 else {
            broken(.badBlock, "validator \(index) stores \(height) on top of \(chain.count)")
            return
        }
        let block = commit.finalBlock
        do throws(ProtocolFault) {
            let head = try block.verify(after: chain.last?.head ?? ChainHead(network.genesis))
            certificates.insert(commit.certificate)
            let before = history.newest
            chain.append(Settled(block: block, head: head))
            if head.network != before {
                history.append(head.network, from: height.next, treeSizeBefore: head.tree.size)
                client.follow(history)
            }
            settle(block, index)
        } catch {
            broken(.badBlock, "validator \(index), height \(height): \(error)")
        }
    }

    private mutating func verify(_ commit: BlockCommit, _ index: Int) {
        guard certificates.insert(commit.certificate).inserted else { return }
        do throws(ProtocolFault) {
            try commit.certificate.verify(history.state(at: commit.block.height))
        } catch {
            broken(.badBlock, "validator \(index), height \(commit.block.height): \(error)")
        }
        let isFit =
            commit.certificate.blockHash == commit.block.blockHash
            && Set(commit.certificate.members.map(\.validator)).count >= quorum(at: commit.block.height)
        if !isFit { broken(.badBlock, "validator \(index), certificate of \(commit.block.height)") }
    }

    private mutating func settle(_ block: FinalBlock, _ index: Int) {
        for submission in block.submissions {
            let next = nextSequences[submission.keyID] ?? 0
            if submission.sequence != next {
                broken(.entryTwice, "height \(block.height): sequence \(submission.sequence), not \(next)")
            }
            nextSequences[submission.keyID] = submission.sequence + 1
            for entry in submission.entries where !entryIDs.insert(entry.id).inserted {
                broken(.entryTwice, "height \(block.height): entry \(entry.id)")
            }
        }
    }

    /// Judges a note that an honest validator keeps: from now on its height is acknowledged.
    mutating func kept(_ note: SignedNote, height: BlockHeight, by index: Int) {
        guard height.value <= UInt64(chain.count),
            chain[Int(height.value) - 1].block.checkpointText == note.text
        else {
            broken(.badNote, "validator \(index), height \(height)")
            return
        }
        do throws(ProtocolFault) {
            let verified = try history.state(at: height).verify(note)
            if verified.cosigners.count < quorum(at: height) {
                broken(.badNote, "validator \(index), height \(height)")
            }
            acknowledged.insert(height)
        } catch {
            broken(.badNote, "validator \(index), height \(height): \(error)")
        }
    }

    /// Judges a receipt as the service does that submitted.
    mutating func published(_ record: ReceiptRecord, by index: Int) {
        guard receipts.insert(SHA256.hash(record.encoded)).inserted else { return }
        let own = record.items.compactMap { submissions[$0.hash] }
        do throws(ProtocolFault) {
            receiptCount += try client.accept(record, submissions: own).count
        } catch {
            broken(.badReceipt, "validator \(index), height \(record.height): \(error)")
        }
    }

    mutating func reported(_ evidence: DoubleVote, by index: Int) {
        let (first, second) = (evidence.first, evidence.second)
        let isProof =
            first.validator == second.validator && first.height == second.height
            && first.round == second.round && first.step == second.step
            && first.blockHash != second.blockHash
        if !isProof || honest.contains(first.validator.position) {
            broken(.innocentAccused, "validator \(first.validator) by validator \(index)")
        }
    }
}
