import ArgumentParser
import Cryptography
import LedgerProtocol
import Merkle
import Model

/// `consentry measure bounds`: what hashing and signatures alone cost on one core of this machine.
struct MeasureBounds: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bounds", abstract: "Hash leaves alone and verify signatures alone, on one core.")

    @Option(help: "For how many milliseconds each.")
    var milliseconds: Int = 1_000

    func run() throws {
        let secret = SecretBytes(byteCount: 32)
        let signer = Signer(try SigningKey(seed: secret))
        let networkID = SHA256.hash([0])
        let batch = try SubmissionBatch.make(
            networkID: networkID, signers: [signer], starts: [:], count: 16, entryCount: 1_024)
        let entries = batch.submissions.flatMap { $0.entries.map(\.encoded) }
        let singles = try SubmissionBatch.make(
            networkID: networkID, signers: [signer], starts: [:], count: 1_000, entryCount: 1)
        var place = 0
        var checksum: UInt8 = 0
        let hashes = perSecond {
            checksum ^= MerkleTree.leafHash(entries[place]).bytes[0]
            place = (place + 1) % entries.count
        }
        place = 0
        var isSound = true
        let verifications = perSecond {
            let submission = singles.submissions[place]
            if (try? submission.verify(key: signer.publicKey, networkID: networkID)) == nil {
                isSound = false
            }
            place = (place + 1) % singles.submissions.count
        }
        guard isSound else { throw ClientFailure("a signature does not verify") }
        let report: JSONValue = [
            "leafHashesPerSecond": .number(JSONNumber(Int64(hashes))),
            "verificationsPerSecond": .number(JSONNumber(Int64(verifications))),
            "checksum": .number(JSONNumber(Int64(checksum))),
        ]
        print(String(decoding: report.encoded(), as: UTF8.self))
    }

    private func perSecond(_ work: () -> Void) -> Double {
        let (started, limit) = (ContinuousClock.now, Duration.milliseconds(milliseconds))
        var count = 0
        while true {
            for _ in 0..<64 { work() }
            count += 64
            let duration = ContinuousClock.now - started
            if duration >= limit { return Double(count) / duration.seconds }
        }
    }
}
