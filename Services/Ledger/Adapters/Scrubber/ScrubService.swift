import Dispatch
import LedgerCore
import Logging
import Model
import Postgres
import ServiceRuntime

/// Keeps the scrubber going beside the validator, and the validator from signing while blocks are lost.
struct ScrubService: Sendable {
    private static let longestRestMilliseconds: Int64 = 100
    private static let pauseMilliseconds = 1_000

    let scrubber: Scrubber
    let validator: Validator
    let logger: Logger

    /// Runs until the task is cancelled.
    ///
    /// - Throws: what ended the validator; `PostgresFault` that no waiting mends.
    func run() async throws {
        var scrubber = scrubber
        while !Task.isCancelled {
            do {
                let through = await validator.status().committedHeight
                let rest = try await scrubber.turn(through: through, at: Self.uptimeMilliseconds())
                try await validator.setHeld(scrubber.board.holdsSigning)
                try await self.rest(rest, unless: scrubber.board)
            } catch let fault as PostgresFault where fault.isTransient && fault.reason != .closed {
                logger.warning("the scrubber cannot read the store", metadata: ["cause": "\(fault)"])
                try await Task.sleep(for: .milliseconds(Self.pauseMilliseconds))
            }
        }
    }

    /// Rests in short pieces, so that whoever meets damage is not kept waiting.
    private func rest(_ milliseconds: Int64, unless board: DamageBoard) async throws {
        var left = milliseconds
        while left > 0, !board.isRung {
            let piece = min(left, Self.longestRestMilliseconds)
            try await Task.sleep(for: .milliseconds(piece))
            left -= piece
        }
    }

    private static func uptimeMilliseconds() -> Int64 {
        Int64(DispatchTime.now().uptimeNanoseconds / 1_000_000)
    }
}

extension DamageBoard {
    /// The scrubber's line in the readiness of the process.
    var readiness: ReadinessCheck {
        let damages = unrepaired
        guard let first = damages.first else {
            return ReadinessCheck("scrubber", isReady: true, detail: "no damage is known")
        }
        let others = damages.count > 1 ? ", and \(damages.count - 1) more" : ""
        return ReadinessCheck(
            "scrubber", isReady: false,
            detail: "\(first)\(others); waits for a validator that holds it"
                + (holdsSigning ? ", and signs nothing meanwhile" : ""))
    }
}
