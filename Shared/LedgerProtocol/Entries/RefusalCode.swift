/// Why validators refuse a submission.
package enum RefusalCode: UInt16, Error, CaseIterable, Hashable, Sendable, CustomStringConvertible {
    /// The key is not one of a service of this network.
    case unknownKey = 1
    /// The signature does not verify.
    case badSignature = 2
    /// The ledger already holds other bytes under this sequence.
    case sequenceTaken = 3
    /// The sequence is further ahead of the key's next one than the network's limit.
    case sequenceTooFarAhead = 4
    /// The bytes are not a submission.
    case malformed = 5
    /// An entry has a kind that this network does not take.
    case kindNotAllowed = 6
    /// The submission is for another network.
    case wrongNetwork = 7
    /// The submission alone is larger than a block may be.
    case tooLarge = 8
    /// A public entry's payload does not belong to its commitment.
    case payloadMismatch = 9
    /// The governance document replaces another state than the one in force.
    case governanceStale = 10
    /// The governance document was good until a height that is past.
    case governanceExpired = 11
    /// The governance document lacks signatures or would break a rule.
    case governanceNotAllowed = 12

    /// The refusal in words.
    package var description: String {
        switch self {
        case .unknownKey: "the key is not one of a service of this network; check the genesis file"
        case .badSignature: "the signature does not verify; sign the submission again"
        case .sequenceTaken: "the sequence is taken by other bytes; stop and compare with the ledger"
        case .sequenceTooFarAhead: "the sequence is too far ahead; send those before it first"
        case .malformed: "the bytes are not a submission; make it again"
        case .kindNotAllowed: "an entry has a kind that this network does not take; leave it out"
        case .wrongNetwork: "the submission is for another network; check the genesis file"
        case .tooLarge: "the submission is larger than a block may be; split it"
        case .payloadMismatch: "a public payload does not belong to its entry; make the entry again"
        case .governanceStale: "the document replaces another state of the network; propose it again"
        case .governanceExpired: "the document was good until a height that is past; propose it again"
        case .governanceNotAllowed:
            "the document lacks signatures or would break a rule; check it with `consentry network check`"
        }
    }
}
