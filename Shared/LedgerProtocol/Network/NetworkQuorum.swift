import Cryptography
package import TransparencyLog

extension NetworkState {
    /// The policy that trusts a checkpoint which a quorum of validators cosigned and one signed as the log.
    package var quorumPolicy: QuorumPolicy {
        QuorumPolicy(origin: origin, logKeys: logKeys, cosigners: cosigners, quorum: quorum)
    }

    /// The keys of the validators' log signatures, in the order of their indices; all bear the origin's
    /// name.
    package var logKeys: [NoteVerifierKey] {
        validators.map { NoteVerifierKey(name: origin, kind: .log, key: $0.member.logKey) }
    }

    /// The keys of the validators' cosignatures, in the order of their indices.
    package var cosigners: [NoteVerifierKey] {
        validators.map {
            NoteVerifierKey(name: $0.member.name, kind: .cosignature, key: $0.member.cosignatureKey)
        }
    }
}
