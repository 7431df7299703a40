import LedgerCore
import LedgerProtocol
import Model

/// How a bus withholds what validators send.
package enum BusSilence: String, CaseIterable, Hashable, Sendable {
    /// It takes nothing.
    case refuses
    /// It takes everything and gives nothing.
    case swallows
    /// It gives everything back to its sender and to nobody else.
    case echoes
}

/// One validator's way to another one beside the bus.
struct DirectLink {
    static let firstPauseMilliseconds: Int64 = 100
    static let longestPauseMilliseconds: Int64 = 5_000

    var queue = PeerQueue()
    var isSending = false
    var pauseMilliseconds = Self.firstPauseMilliseconds
}

/// HTTP between validators, with the queues and batches of the real one; what it takes to fail is the same
/// weather and the same splits.
extension Simulation {
    private static let fetchMilliseconds: Int64 = 200
    private static let fetchedBlocksMax = 64

    /// Puts a message where the links to all others find it.
    mutating func add(_ bytes: [UInt8], from sender: Int) {
        for receiver in nodes.indices where receiver != sender {
            directCount += 1
            _ = nodes[sender].links[receiver, default: DirectLink()].queue.add(bytes)
            guard nodes[sender].links[receiver]?.isSending == false else { continue }
            nodes[sender].links[receiver]?.isSending = true
            let link = Link(from: sender, to: receiver)
            queue.add(.post(link, epoch: nodes[sender].epoch), at: time)
        }
    }

    /// Sends the next batch of a link; one that does not arrive is gone, and the next one waits longer.
    mutating func post(_ link: Link, epoch: Int) {
        guard nodes[link.sender].epoch == epoch, var way = nodes[link.sender].links[link.receiver] else {
            return
        }
        let batch = way.queue.take()
        way.isSending = !batch.isEmpty
        if !batch.isEmpty {
            let took = Int64.random(in: weather.delayMilliseconds, using: &numbers)
            var next = time + took
            if arrives(link) {
                queue.add(.batch(MessageBatch.encode(batch), to: link.receiver), at: next)
                way.pauseMilliseconds = DirectLink.firstPauseMilliseconds
            } else {
                next += way.pauseMilliseconds
                way.pauseMilliseconds = min(way.pauseMilliseconds * 2, DirectLink.longestPauseMilliseconds)
            }
            queue.add(.post(link, epoch: epoch), at: next)
        }
        nodes[link.sender].links[link.receiver] = way
    }

    private mutating func arrives(_ link: Link) -> Bool {
        if cut.contains(link) || nodes[link.receiver].core == nil {
            count(.cut)
            return false
        }
        guard happens(weather.lossPercent) else { return true }
        count(.lost)
        return false
    }

    /// Gives a validator the messages of a batch at once, as its route does.
    mutating func take(_ bytes: [UInt8], _ index: Int) {
        guard let history = nodes[index].core?.history, let batch = try? MessageBatch.decode(bytes) else {
            return
        }
        let letters = batch.map { posted($0) }
        for letter in letters { adversaries[index]?.hear(letter) }
        let inbound = letters.compactMap { office.inbound($0, by: history) }
        step(index, "a batch") { $0.receive(inbound, at: $1) }
    }

    /// Brings a submission to one validator that runs, as an operator does while the bus is silent.
    mutating func bring(_ submission: Submission) {
        let running = honest.filter { nodes[$0].core != nil }
        guard let index = running.randomElement(using: &numbers) else { return }
        let letter = posted(submission.encoded)
        queue.add(.bring(letter, to: index), at: time + 1)
    }

    mutating func bring(_ letter: Letter, to index: Int) {
        guard case .submission(let submission)? = letter.inbound else { return }
        step(index, "a submission over HTTP") { $0.submit(submission, at: $1).actions }
    }

    /// Lets a validator that is behind ask another one for final blocks, each in turn.
    mutating func fetch(_ index: Int, epoch: Int) {
        guard nodes[index].epoch == epoch, let core = nodes[index].core else { return }
        queue.add(.fetch(index, epoch: epoch), at: time + Self.fetchMilliseconds)
        guard let target = core.catchUpTarget(at: moment(index)) else { return }
        nodes[index].askedLast = (nodes[index].askedLast + 1) % nodes.count
        let giver = nodes[index].askedLast
        guard giver != index, arrives(Link(from: giver, to: index)) else { return }
        let blocks = nodes[giver].commits(from: core.chain.height.next, through: target)
            .prefix(Self.fetchedBlocksMax)
        guard !blocks.isEmpty else { return }
        let batch = MessageBatch.encode(blocks.map(\.finalBlock.encoded))
        let delay = Int64.random(in: weather.delayMilliseconds, using: &numbers)
        queue.add(.batch(batch, to: index), at: time + delay)
    }
}
