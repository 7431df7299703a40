import AsyncHTTPClient
import LedgerProtocol
package import Logging
import Merkle
import Model
import NIOCore
import NIOHTTP1
import Postgres
import ServiceLifecycle
import ServiceRuntime
package import TransparencyLog

/// Asks witnesses to cosign the published checkpoints, each at its own pace.
///
/// A witness that is away costs nothing but its cosignature: nothing waits for it.
package struct WitnessClient: Service {
    /// Checkpoints come many a second; a witness is shown one of them at most so often.
    package static let intervalMilliseconds = 1_000
    private static let longestPauseMilliseconds = 60_000
    private static let requestSeconds: Int64 = 10
    private static let answerBytesMax = 65_536

    private let witnesses: @Sendable () -> [TlogPolicy.Witness]
    private let reader: LogReader
    private let store: WitnessStore
    private let cosigned: CosignedNotes
    private let interval: Int
    private let logger: Logger

    /// Asks those of `witnesses`, which may change, and hands their cosignatures to who serves checkpoints.
    package init(
        witnesses: @escaping @Sendable () -> [TlogPolicy.Witness], reader: LogReader, store: WitnessStore,
        cosigned: CosignedNotes,
        intervalMilliseconds: Int = Self.intervalMilliseconds, logger: Logger
    ) {
        self.witnesses = witnesses
        self.reader = reader
        self.store = store
        self.cosigned = cosigned
        interval = intervalMilliseconds
        self.logger = logger
    }

    /// Runs until the process is told to stop; without witnesses it only waits.
    package func run() async throws {
        let http = HTTPClient(eventLoopGroupProvider: .singleton)
        // Only the end of the process ends these; nothing that a witness does throws.
        try? await cancelWhenGracefulShutdown { try await attendAll(http) }
        try? await http.shutdown()
        try await gracefulShutdown()
    }

    private func attendAll(_ http: HTTPClient) async throws {
        try await withThrowingTaskGroup { group in
            var attended: Set<NoteVerifierKey> = []
            while true {
                for witness in witnesses() where attended.insert(witness.key).inserted {
                    group.addTask { try await attend(witness, http) }
                }
                try await Task.sleep(for: .milliseconds(interval))
            }
        }
    }

    /// What became of one attempt.
    private enum Outcome {
        case cosigned
        /// The witness holds this size; it is asked again from there.
        case holds(UInt64)
        /// It refused or did not answer.
        case failed(String)
    }

    private func attend(_ witness: TlogPolicy.Witness, _ http: HTTPClient) async throws {
        var heldSize: UInt64 = 0
        var cosignedSize: UInt64?
        var pause = interval
        if let known = try? await store.cosignature(of: witness.key) {
            cosigned.take(known, of: witness.key)
            heldSize = known.checkpoint.size
            cosignedSize = heldSize
        }
        while true {
            try await Task.sleep(for: .milliseconds(pause))
            guard let newest = reader.published.view.newest, newest.checkpoint.size != cosignedSize,
                newest.checkpoint.size >= heldSize,
                // The network may have changed its mind about a witness, and may do so again.
                witnesses().contains(where: { $0.key == witness.key })
            else {
                pause = interval
                continue
            }
            switch await ask(witness, http, newest, from: heldSize) {
            case .cosigned:
                heldSize = newest.checkpoint.size
                cosignedSize = heldSize
                pause = interval
            case .holds(let size) where size != heldSize:
                // Another validator of this network was there before; that is no failure.
                heldSize = size
                pause = interval
            case .holds(let size):
                pause = report(witness, "it says that it holds \(size), which it was asked from", pause)
            case .failed(let reason):
                pause = report(witness, reason, pause)
            }
        }
    }

    private func report(_ witness: TlogPolicy.Witness, _ reason: String, _ pause: Int) -> Int {
        logger.warning(
            "a witness does not cosign", metadata: ["witness": "\(witness.name)", "reason": "\(reason)"])
        return min(pause * 2, Self.longestPauseMilliseconds)
    }

    private func ask(
        _ witness: TlogPolicy.Witness, _ http: HTTPClient, _ newest: PublishedLog.Published,
        from heldSize: UInt64
    ) async -> Outcome {
        do {
            let proof = try await reader.consistency(
                oldSize: heldSize, newSize: newest.checkpoint.size)
            guard let proof else { return .failed("the log does not reach that far yet") }
            let body = try AddCheckpointRequest(
                oldSize: heldSize, hashes: proof.hashes, note: newest.note)
            var request = HTTPClientRequest(url: Self.address(witness))
            request.method = .POST
            request.body = .bytes(ByteBuffer(string: body.encoded()))
            let response = try await http.execute(request, timeout: .seconds(Self.requestSeconds))
            let answer = Array(try await response.body.collect(upTo: Self.answerBytesMax).readableBytesView)
            switch response.status.code {
            case 200: return try await take(answer, witness, newest)
            case 409: return Self.size(answer).map { .holds($0) } ?? .failed("its answer is no size")
            default: return .failed("it answers with status \(response.status.code)")
            }
        } catch {
            return .failed((error as? any Loggable)?.logDescription ?? "it cannot be reached")
        }
    }

    /// Verifies the cosignature before it is kept; lines of other keys are passed over.
    private func take(
        _ answer: [UInt8], _ witness: TlogPolicy.Witness, _ newest: PublishedLog.Published
    ) async throws -> Outcome {
        for line in String(decoding: answer, as: UTF8.self).split(separator: "\n") {
            guard let signature = try? NoteSignature(parsingLine: line),
                witness.key.verifies(signature, text: newest.note.text)
            else { continue }
            let cosignedNote = CosignedNote(
                height: newest.height, note: newest.note, checkpoint: newest.checkpoint,
                signature: signature)
            try await store.keep(cosignedNote, witness: witness.key)
            cosigned.take(cosignedNote, of: witness.key)
            return .cosigned
        }
        return .failed("no line of its answer is a cosignature of its key on what it was shown")
    }

    private static func address(_ witness: TlogPolicy.Witness) -> String {
        var url = witness.url ?? ""
        while url.hasSuffix("/") { url.removeLast() }
        return url + "/add-checkpoint"
    }

    /// SPEC tlog-witness: the size in decimal and a newline.
    private static func size(_ answer: [UInt8]) -> UInt64? {
        guard answer.last == UInt8(ascii: "\n") else { return nil }
        let text = String(decoding: answer.dropLast(), as: UTF8.self)
        guard let size = UInt64(text), String(size) == text else { return nil }
        return size
    }
}
