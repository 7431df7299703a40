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
    /// The network as it is until its first change.
    package let initial: NetworkState

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
        initial = NetworkState(
            networkID: networkID, network: draft.network, members: draft.members)
    }

    /// The origin of the log: the first line of its checkpoints and the name of its log signatures.
    package var origin: String { initial.origin }

    /// Finds a service by its name.
    package func service(_ name: ServiceName) -> GenesisService? { services.first { $0.service == name } }

    /// Finds an organisation.
    package func organization(_ id: ParticipantID) -> GenesisOrganization? {
        organizations.first { $0.id == id }
    }
}

extension Genesis: Hashable {
    /// Tells whether two files are the same, byte for byte.
    package static func == (left: Genesis, right: Genesis) -> Bool { left.bytes == right.bytes }

    /// Hashes what `==` compares, through the network id.
    package func hash(into hasher: inout Hasher) { hasher.combine(networkID) }
}
