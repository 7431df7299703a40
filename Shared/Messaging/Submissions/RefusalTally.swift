import Cryptography
import LedgerProtocol

/// Counts which validators refused which version of a submission, so that no single one of them is
/// believed.
struct RefusalTally {
    /// How many versions are remembered; refusals of more are forgotten, oldest first.
    static let versionsMax = 64

    private struct Version: Hashable {
        let sequence: UInt64
        let hash: Digest
    }

    /// How many validators may be faulty; one more must state a refusal, so that an honest one did.
    var faultMax: Int
    private var refusers: [Version: [ValidatorIndex: RefusalCode]] = [:]
    private var order: [Version] = []

    /// Starts with nothing counted.
    init(faultMax: Int) {
        self.faultMax = faultMax
    }

    /// Counts a refusal whose signature was verified.
    ///
    /// - Returns: the code, once enough distinct validators stated that same code for that version;
    ///   else nil.
    mutating func count(
        sequence: UInt64, hash: Digest, code: RefusalCode, validator: ValidatorIndex
    ) -> RefusalCode? {
        let version = Version(sequence: sequence, hash: hash)
        if refusers[version] == nil {
            order.append(version)
            if order.count > Self.versionsMax { refusers[order.removeFirst()] = nil }
        }
        refusers[version, default: [:]][validator] = code
        let agreeing = refusers[version]?.values.count { $0 == code } ?? 0
        return agreeing > faultMax ? code : nil
    }
}

extension RefusalCode {
    /// What the relay does about a refusal that enough validators stated.
    enum Remedy: Hashable {
        /// The same bytes are accepted later.
        case sendAgain
        /// Other entries under the same sequence may be accepted.
        case splitSubmission
        /// Nothing that this process could send would be accepted.
        case stop
    }

    var remedy: Remedy {
        switch self {
        case .sequenceTooFarAhead: .sendAgain
        case .kindNotAllowed, .tooLarge, .payloadMismatch: .splitSubmission
        case .governanceStale, .governanceExpired, .governanceNotAllowed: .splitSubmission
        case .unknownKey, .badSignature, .sequenceTaken, .malformed, .wrongNetwork: .stop
        }
    }
}
