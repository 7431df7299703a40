package import Cryptography
package import Model

/// Names a network: the SHA-256 of its genesis file.
package typealias NetworkID = Digest

/// The file from which every process knows its network: organisations, validators, services and limits.
///
/// It is canonical JSON (RFC 8785), so one network has one file, byte for byte.
package struct Genesis: Sendable {
    /// The value of the member `format`.
    package static let format = "consentry-genesis-v1"
    /// The most bytes of the file.
    package static let bytesMax = 1 << 20

    /// The short name of the network: 1 to 32 of a–z, 0–9 and hyphen.
    package let network: String
    /// When the file was made; the first block is later.
    package let createdAt: Timestamp
    /// The organisations that own validators and services.
    package let organizations: [GenesisOrganization]
    /// The validators; the place in this list is a validator's index.
    package let validators: [GenesisValidator]
    /// The services whose entries the ledger takes.
    package let services: [GenesisService]
    /// The policies in force from the start.
    package let policies: GenesisPolicies
    /// The network's limits.
    package let limits: GenesisLimits
    /// SHA-256 of the file.
    package let networkID: NetworkID
    /// The bytes of the file.
    package let bytes: [UInt8]
    /// The hash of the validators, which every block entry states.
    package let validatorSetHash: Digest

    private let servicesByKey: [KeyID: Int]

    init(_ draft: GenesisDraft, bytes: [UInt8]) {
        network = draft.network
        createdAt = draft.createdAt
        organizations = draft.organizations
        validators = draft.validators
        services = draft.services
        policies = draft.policies
        limits = draft.limits
        self.bytes = bytes
        networkID = SHA256.hash(bytes)
        validatorSetHash = Genesis.validatorSetHash(of: draft.validators)
        servicesByKey = Dictionary(
            draft.services.enumerated().map { ($0.element.signingKey.keyID, $0.offset) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The origin of the log: the first line of its checkpoints and the name of its log signatures.
    package var origin: String { "consentry.example/\(network)" }

    /// How many validators make a block final: ⌊2n/3⌋ + 1, so that two quorums share an honest validator.
    package var quorum: Int { Genesis.quorum(ofValidatorCount: validators.count) }

    /// How many validators may fail or collude: ⌊(n−1)/3⌋.
    package var faultMax: Int { (validators.count - 1) / 3 }

    /// Computes the quorum of n validators: ⌊2n/3⌋ + 1, since 2f + 1 is unsafe unless n = 3f + 1.
    package static func quorum(ofValidatorCount count: Int) -> Int { 2 * count / 3 + 1 }

    /// Finds a service by its name.
    package func service(_ name: ServiceName) -> GenesisService? { services.first { $0.service == name } }

    /// Finds the service that signs with a key.
    package func service(keyID: KeyID) -> GenesisService? { servicesByKey[keyID].map { services[$0] } }

    /// Finds an organisation.
    package func organization(_ id: ParticipantID) -> GenesisOrganization? {
        organizations.first { $0.id == id }
    }

    /// Finds a validator by its index.
    package func validator(_ index: ValidatorIndex) -> GenesisValidator? {
        validators.indices.contains(index.position) ? validators[index.position] : nil
    }

    /// Finds the index of a validator by its name.
    package func validatorIndex(named name: String) -> ValidatorIndex? {
        validators.firstIndex { $0.name == name }.map { ValidatorIndex(UInt16($0)) }
    }

    /// Finds the index of the validator that votes with a key.
    package func validatorIndex(consensusKey: PublicSigningKey) -> ValidatorIndex? {
        validators.firstIndex { $0.consensusKey == consensusKey }.map { ValidatorIndex(UInt16($0)) }
    }

    /// All indices in their order.
    package var validatorIndices: [ValidatorIndex] { validators.indices.map { ValidatorIndex(UInt16($0)) } }

    /// The validator that proposes in a round: they take turns from one height and round to the next.
    package func proposer(height: BlockHeight, round: UInt32) -> ValidatorIndex {
        let turn = (height.value % UInt64(validators.count) + UInt64(round)) % UInt64(validators.count)
        return ValidatorIndex(UInt16(turn))
    }

    /// Hashes a list of validators: `CSV1`, their count, and for each its name and its three keys.
    package static func validatorSetHash(of validators: [GenesisValidator]) -> Digest {
        var writer = BinaryWriter(magic: "CSV1")
        writer.append(count: validators.count, as: UInt16.self)
        for validator in validators {
            writer.append(count: validator.name.utf8.count, as: UInt16.self)
            writer.append(validator.name)
            writer.append(validator.consensusKey.bytes)
            writer.append(validator.cosignatureKey.bytes)
            writer.append(validator.logKey.bytes)
        }
        return SHA256.hash(writer.bytes)
    }
}

extension Genesis: Hashable {
    /// Tells whether two files are the same, byte for byte.
    package static func == (left: Genesis, right: Genesis) -> Bool { left.bytes == right.bytes }

    /// Hashes what `==` compares, through the network id.
    package func hash(into hasher: inout Hasher) { hasher.combine(networkID) }
}
