import Cryptography
import LedgerCore
import LedgerProtocol
import Model
import TransparencyLog

/// What the shell around a validator does: disk, store and bus, and how they fail.
extension Simulation {
    mutating func perform(_ actions: [ValidatorAction], _ index: Int) {
        let isHonest = adversaries[index] == nil
        for action in actions {
            let dies = isDying(index)
            // Whether what was under way took hold before the end is a matter of chance.
            if !dies || Bool.random(using: &numbers) { perform(action, index, isHonest: isHonest) }
            if dies {
                count(.crashedMidway)
                stop(index)
                return
            }
        }
        // Anybody may read the newest note once the actions are done.
        if isHonest, let newest = nodes[index].core?.newestNote, newest.height != nodes[index].shownNote {
            nodes[index].shownNote = newest.height
            invariants.now = moment(index)
            invariants.seen(newest.note, height: newest.height, of: index, durable: nodes[index].durable)
        }
        guard let deadline = nodes[index].core?.nextDeadline, deadline < nodes[index].wakeAt else { return }
        nodes[index].wakeAt = deadline
        queue.add(.wake(index, epoch: nodes[index].epoch), at: max(deadline, time))
    }

    private mutating func isDying(_ index: Int) -> Bool {
        guard let left = nodes[index].actionsLeft else { return false }
        nodes[index].actionsLeft = left - 1
        return left <= 1
    }

    private mutating func perform(_ action: ValidatorAction, _ index: Int, isHonest: Bool) {
        invariants.now = moment(index)
        switch action {
        case .persist(let state):
            nodes[index].signState = state.encoded
            nodes[index].durable = state
        case .send(let message): send(message, from: index, isHonest: isHonest)
        case .commit(let commit):
            if isHonest {
                invariants.seen(commit, of: index, durable: nodes[index].durable)
                invariants.decided(commit, by: index)
            }
            // The store takes one block after another.
            let start = max(time, nodes[index].storeFreeAt)
            nodes[index].storeFreeAt = start + Int64.random(in: 1...8, using: &numbers)
            let event = Event.committed(Stored(commit), index, epoch: nodes[index].epoch)
            queue.add(event, at: nodes[index].storeFreeAt)
        case .keep(let note, let height):
            if isHonest {
                invariants.seen(note, height: height, of: index, durable: nodes[index].durable)
                invariants.kept(note, height: height, by: index)
            }
            nodes[index].notes[height] = note
        case .answer(let question): answer(question, index)
        case .measure(let waits): self.waits += waits
        case .enter: break
        case .report(let proof):
            guard isHonest else { return }
            evidence.append(proof)
            invariants.reported(proof, by: index)
        case .halt(let cause):
            nodes[index].halted = cause
            if isHonest { invariants.broken(.halted, "validator \(index): \(cause)") }
        }
    }

    private mutating func answer(_ question: StoredQuestion, _ index: Int) {
        switch question {
        case .finalBlocks(let from, let through):
            for commit in nodes[index].commits(from: from, through: through) {
                post(commit.finalBlock.encoded, from: index)
            }
        case .cosignatures(let height):
            let own = nodes[index].commits(from: height, through: height).first?.cosignature
            let note = nodes[index].notes[height]?
                .cosignatures(height: height, network: invariants.history.state(at: height))
            for message in note ?? [own].compactMap({ $0 }) { post(message.encoded, from: index) }
        case .submission, .receipts: break
        }
    }

    private mutating func send(_ message: OutboundMessage, from index: Int, isHonest: Bool) {
        if message.topic == .ledgerReceipts {
            guard isHonest else { return }
            switch try? ReceiptMessage(decoding: message.bytes) {
            case .record(let record): published(record, by: index)
            case .refusal(let refusal): refusals.append(refusal)
            case nil: break
            }
            return
        }
        if isDirect, isHonest {
            let isTaken = silence != .refuses
            if nodes[index].trust.offered(message, isTaken: isTaken, atMilliseconds: time) {
                add(message.bytes, from: index)
            }
        }
        post(message.bytes, from: index)
    }

    private mutating func published(_ record: ReceiptRecord, by index: Int) {
        if let note = try? SignedNote(parsing: record.note) {
            invariants.seen(note, height: record.height, of: index, durable: nodes[index].durable)
        }
        invariants.published(record, by: index)
    }

    /// Sends what an honest validator wants sent, or what a Byzantine one makes of it.
    private mutating func post(_ bytes: [UInt8], from index: Int) {
        guard adversaries[index] != nil, let core = nodes[index].core else {
            broadcast(bytes, from: index)
            return
        }
        // The adversary is there, as the guard found.
        let dispatches = adversaries[index]!.rewrite(office.read(bytes), core: core)
        if dispatches != [Dispatch(bytes)] { count(.byzantine) }
        for dispatch in dispatches { dispatchLetter(dispatch, from: index) }
    }

    mutating func doMischief(_ index: Int) throws {
        if let core = nodes[index].core {
            let view = Adversary.View(core: core, commits: nodes[index].commits, history: office.history)
            // Only Byzantine validators have such events.
            let dispatches = adversaries[index]!.act(view)
            count(.byzantine, dispatches.count)
            for dispatch in dispatches { dispatchLetter(dispatch, from: index) }
            if adversaries[index]!.forgets() { try forget(index) }
        } else {
            try start(index)
        }
        queue.add(.mischief(index), at: time + Int64.random(in: 100...500, using: &numbers))
    }

    /// Starts a Byzantine validator anew as if it had never signed anything.
    private mutating func forget(_ index: Int) throws {
        count(.byzantine)
        stop(index)
        nodes[index].durable = SignState(
            networkID: network.genesis.networkID, validator: ValidatorIndex(UInt16(index)))
        nodes[index].signState = nodes[index].durable.encoded
        try start(index)
    }

    private mutating func dispatchLetter(_ dispatch: Dispatch, from index: Int) {
        broadcast(
            dispatch.bytes, from: index, to: dispatch.receivers, delayMilliseconds: dispatch.delayMilliseconds
        )
        // A Byzantine validator knows when the bus withholds, and has the other way too.
        guard isDirect, silence != nil else { return }
        let letter = posted(dispatch.bytes)
        for receiver in dispatch.receivers ?? Array(nodes.indices)
        where !cut.contains(Link(from: index, to: receiver)) {
            deliver(letter, to: receiver, delayMilliseconds: dispatch.delayMilliseconds)
        }
    }
}

/// The bus, and what it does to messages.
extension Simulation {
    /// Puts bytes on the bus as anybody may who reaches it.
    package mutating func inject(_ bytes: [UInt8], to receivers: [Int]? = nil) {
        broadcast(bytes, from: nil, to: receivers)
    }

    mutating func broadcast(
        _ bytes: [UInt8], from sender: Int?, to receivers: [Int]? = nil, delayMilliseconds: Int64 = 0
    ) {
        let letter = posted(bytes)
        if let sender, adversaries[sender] == nil {
            invariants.seen(letter, of: sender, durable: nodes[sender].durable)
            invariants.sent(letter, by: sender)
        }
        guard !censored.contains(letter.kind) else { return }
        keep(letter)
        for index in receivers ?? Array(nodes.indices) {
            carry(letter, from: sender, to: index, delayMilliseconds: delayMilliseconds)
        }
    }

    /// Reads bytes that somebody sends, and notes what is signed in them when they are new.
    mutating func posted(_ bytes: [UInt8]) -> Letter {
        let (letter, isNew) = office.letter(bytes)
        if isNew, let signed = letter.signed { invariants.signed(signed) }
        return letter
    }

    private mutating func carry(
        _ letter: Letter, from sender: Int?, to index: Int, delayMilliseconds: Int64
    ) {
        if let silence, silence != .echoes || sender != index {
            count(.withheld)
            return
        }
        if let sender, cut.contains(Link(from: sender, to: index)) {
            count(.cut)
            return
        }
        guard !happens(weather.lossPercent) else {
            count(.lost)
            return
        }
        mixIn(letter, to: index)
        let isTwice = happens(weather.duplicatePercent)
        if isTwice { count(.duplicated) }
        for _ in 0..<(isTwice ? 2 : 1) {
            var delay = delayMilliseconds
            if happens(weather.stragglerPercent) {
                count(.straggled)
                delay += Int64.random(in: 200...3_000, using: &numbers)
            }
            deliver(letter, to: index, delayMilliseconds: delay)
        }
    }

    /// Adds forgeries beside a delivery.
    private mutating func mixIn(_ letter: Letter, to index: Int) {
        if happens(weather.flipPercent), !letter.bytes.isEmpty {
            count(.flipped)
            var bytes = letter.bytes
            let place = Int.random(in: bytes.indices, using: &numbers)
            bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
            deliver(office.read(bytes), to: index)
        }
        if happens(weather.replayPercent), let old = office.history.randomElement(using: &numbers) {
            count(.replayed)
            deliver(old, to: index)
        }
        if happens(weather.foreignPercent), let bytes = foreignLike(letter.message) {
            count(.foreign)
            deliver(office.read(bytes), to: index)
        }
    }

    /// The same vote or status as a validator of the other network would sign it.
    private func foreignLike(_ message: LedgerMessage?) -> [UInt8]? {
        guard let foreign else { return nil }
        switch message {
        case .vote(let vote):
            return Vote.make(
                networkID: foreign.genesis.networkID, step: vote.step, height: vote.height,
                round: vote.round, blockHash: vote.blockHash, validator: vote.validator,
                signer: foreign.keys(of: vote.validator.position).consensus
            ).encoded
        case .heightStatus(let status):
            return HeightStatus.make(
                networkID: foreign.genesis.networkID, validator: status.validator, height: status.height,
                signer: foreign.keys(of: status.validator.position).consensus
            ).encoded
        default: return nil
        }
    }

    mutating func deliver(_ letter: Letter, to index: Int, delayMilliseconds: Int64 = 0) {
        let delay = delayMilliseconds + Int64.random(in: weather.delayMilliseconds, using: &numbers)
        queue.add(.deliver(letter, to: index), at: time + delay)
    }

    mutating func happens(_ percent: Int) -> Bool {
        percent > 0 && Int.random(in: 0..<100, using: &numbers) < percent
    }
}

/// What is done to validators and bus from outside.
extension Simulation {
    /// Stops a validator between two steps.
    package mutating func crash(_ index: Int) {
        guard nodes[index].core != nil else { return }
        count(.crashed)
        stop(index)
    }

    /// Stops a validator in the middle of its actions, after so many more of them.
    package mutating func crash(_ index: Int, afterActions count: Int) {
        nodes[index].actionsLeft = max(count, 1)
    }

    /// Puts an older copy of the database in place of a stopped validator's; the sign-state is not in it.
    ///
    /// Blocks that no other honest validator stores are left, since losing the last copy is no single fault.
    package mutating func restore(_ index: Int, withoutBlocks blockCount: Int) {
        precondition(nodes[index].core == nil, "a database is restored while its validator is down")
        let others = honest.filter { $0 != index }.map { nodes[$0].commits.count }.max() ?? 0
        let stored = nodes[index].commits.count
        guard stored <= others else { return }
        count(.restored)
        nodes[index].restore(height: max(stored - blockCount, 0))
        trace?("\(time) restore \(index) to height \(nodes[index].commits.count)")
    }

    /// Loses what is on its way and what the bus kept.
    package mutating func loseTopics() {
        count(.topicsLost)
        trace?("\(time) topics lost")
        kept = []
        queue.removeAll { event in
            if case .deliver = event { true } else { false }
        }
    }

    /// Puts a validator's clock of the day wrong, or right with 0.
    package mutating func skew(_ index: Int, milliseconds: Int64) {
        if milliseconds != 0 { count(.skewed) }
        nodes[index].skewMilliseconds = milliseconds
        invariants.clocksAgree = false
    }

    mutating func stop(_ index: Int) {
        trace?("\(time) stop \(index)")
        nodes[index].core = nil
        nodes[index].actionsLeft = nil
        nodes[index].epoch += 1
    }
}
