package import Cryptography
package import Model

/// The precommits of one round for one block by a quorum: what makes the block final.
package struct Certificate: BinaryForm {
    /// One validator's part of a certificate.
    package struct Member: Hashable, Sendable {
        /// Who precommitted.
        package let validator: ValidatorIndex
        /// The signature of that precommit, not yet verified.
        package let signature: Signature

        /// Joins a validator and the signature of its precommit.
        package init(validator: ValidatorIndex, signature: Signature) {
            self.validator = validator
            self.signature = signature
        }
    }

    package static let magic = "CSC1"

    /// The network that this is for.
    package let networkID: NetworkID
    /// The height that was decided.
    package let height: BlockHeight
    /// The round that decided it.
    package let round: UInt32
    /// The SHA-256 of the checkpoint text.
    package let blockHash: Digest
    /// The precommits, ascending by validator.
    package let members: [Member]

    /// Takes the precommits in any order, the signatures unverified; each validator must occur once.
    package init(
        networkID: NetworkID, height: BlockHeight, round: UInt32, blockHash: Digest, members: [Member]
    ) {
        self.networkID = networkID
        self.height = height
        self.round = round
        self.blockHash = blockHash
        self.members = members.sorted { $0.validator < $1.validator }
    }

    /// Makes the certificate of precommits that agree in network, height, round and block; nil when they
    /// do not.
    ///
    /// Of more precommits than the quorum those with the lowest indices are taken, so that every
    /// validator that holds the same precommits makes the same certificate.
    package static func make(of precommits: [Vote], quorum: Int) -> Certificate? {
        guard let first = precommits.first, let blockHash = first.blockHash else { return nil }
        let fits = precommits.allSatisfy {
            $0.networkID == first.networkID && $0.step == .precommit && $0.height == first.height
                && $0.round == first.round && $0.blockHash == blockHash
        }
        guard fits, Set(precommits.map(\.validator)).count == precommits.count, precommits.count >= quorum
        else { return nil }
        let members = precommits.sorted { $0.validator < $1.validator }.prefix(quorum)
            .map { Member(validator: $0.validator, signature: $0.signature) }
        return Certificate(
            networkID: first.networkID, height: first.height, round: first.round, blockHash: blockHash,
            members: members)
    }

    package init(decoding bytes: [UInt8]) throws(DecodingFault) {
        var reader = try BinaryReader(bytes, magic: Self.magic)
        networkID = try reader.digest()
        height = try reader.height()
        round = try reader.integer()
        guard round <= Int32.max else { throw reader.fault(.valueOutOfRange) }
        blockHash = try reader.digest()
        guard blockHash != .zero else { throw reader.fault(.valueOutOfRange) }
        let count = try reader.count(UInt16.self, in: 1...ProtocolLimits.validatorsMax)
        var members: [Member] = []
        for _ in 0..<count {
            let member = Member(
                validator: ValidatorIndex(try reader.integer()), signature: try reader.signature())
            if let last = members.last, last.validator >= member.validator { throw reader.fault(.wrongOrder) }
            members.append(member)
        }
        try reader.end()
        self.members = members
    }

    package var encoded: [UInt8] {
        var writer = BinaryWriter(magic: Self.magic, capacity: 82 + 66 * members.count)
        writer.append(networkID)
        writer.append(height.value)
        writer.append(round)
        writer.append(blockHash)
        writer.append(count: members.count, as: UInt16.self)
        for member in members {
            writer.append(member.validator.value)
            writer.append(member.signature)
        }
        return writer.bytes
    }

    /// The precommits that the certificate is made of.
    package var precommits: [Vote] {
        members.map {
            Vote(
                networkID: networkID, step: .precommit, height: height, round: round, blockHash: blockHash,
                validator: $0.validator, signature: $0.signature)
        }
    }

    /// Checks that a quorum of the validators in force at the height precommitted, and every signature.
    ///
    /// - Throws: `ProtocolFault` that says what does not hold.
    package func verify(_ network: NetworkState) throws(ProtocolFault) {
        try verifyQuorum(network)
        guard networkID == network.networkID else {
            throw ProtocolFault(.wrongNetwork, "the certificate is for another network")
        }
        for precommit in precommits {
            guard let validator = network.validator(precommit.validator),
                validator.consensusKey.verifies(precommit.signature, of: precommit.signedBytes)
            else {
                throw ProtocolFault(
                    .badSignature, "the precommit of validator `\(precommit.validator)` does not verify")
            }
        }
    }

    /// Checks that those who precommitted are a quorum of the validators in force, not their signatures.
    ///
    /// - Throws: `ProtocolFault` with `.quorumNotMet` or `.unknownValidator`.
    package func verifyQuorum(_ network: NetworkState) throws(ProtocolFault) {
        guard members.count >= network.quorum else {
            throw ProtocolFault(
                .quorumNotMet, "`\(members.count)` validators precommitted and `\(network.quorum)` must")
        }
        for member in members where network.validator(member.validator) == nil {
            throw ProtocolFault(
                .unknownValidator, "validator `\(member.validator)` precommitted and was not in force")
        }
    }
}
