import Cryptography
import LedgerCore
import LedgerFixtures
import LedgerProtocol

/// The binary forms of messages, blocks and the sign-state.
func binaryDecoders(_ examples: BinaryExamples) throws -> [Decoder] {
    let submissions = try examples.submissions().map(\.encoded)
    let proposals = try examples.proposals().map(\.encoded)
    let votes = examples.votes().map(\.encoded)
    let certificates = examples.chain.blocks.map(\.certificate.encoded)
    let blocks = examples.chain.blocks.map(\.encoded)
    let records = try examples.records().map(\.encoded)
    let refusals = [examples.refusal().encoded]
    let cosignatures = [examples.cosignature().encoded]
    let (queries, statuses) = ([examples.query().encoded], [examples.status().encoded])
    let states = try examples.signStates().map(\.encoded)
    let messages: [[[UInt8]]] = [
        submissions, proposals, votes, certificates, cosignatures, queries, statuses, blocks,
    ]
    return [
        Decoder(
            "entry", Entry.self, examples: try examples.submissions().flatMap { $0.entries.map(\.encoded) }),
        Decoder("block-entry", BlockEntry.self, examples: examples.chain.blocks.map(\.blockEntry.encoded)),
        Decoder("submission", Submission.self, examples: submissions),
        Decoder("proposal", Proposal.self, examples: proposals),
        Decoder("vote", Vote.self, examples: votes),
        Decoder("certificate", Certificate.self, examples: certificates),
        Decoder("cosignature", CosignatureMessage.self, examples: cosignatures),
        Decoder("submission-query", SubmissionQuery.self, examples: queries),
        Decoder("height-status", HeightStatus.self, examples: statuses),
        Decoder("final-block", FinalBlock.self, examples: blocks),
        Decoder("receipt-record", ReceiptRecord.self, examples: records),
        Decoder("submission-refusal", SubmissionRefusal.self, examples: refusals),
        Decoder(
            "network-change", NetworkChange.self, examples: try examples.changes().changes.map(\.encoded)),
        Decoder("sign-state", SignState.self, examples: states),
        Decoder("sign-state-body", examples: states.map { $0.dropLast(Digest.byteCount) }, isText: false) {
            // The digest at the end is made right, so that what lies before it is read.
            (try? SignState(decoding: $0 + SHA256.hash($0).bytes))?.encoded.dropLast(Digest.byteCount)
        },
        Decoder("ledger-message", examples: messages.flatMap { $0 }, isText: false) {
            (try? LedgerMessage(decoding: $0))?.encoded
        },
        Decoder("receipt-message", examples: records + refusals, isText: false) {
            (try? ReceiptMessage(decoding: $0))?.encoded
        },
    ]
}
