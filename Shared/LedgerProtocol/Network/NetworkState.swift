package import Cryptography
package import Model

/// A validator with the index that it has for ever; a validator with new keys is a new one.
package struct NetworkValidator: Hashable, Sendable {
    /// The index by which votes and cosignatures name it.
    package let index: ValidatorIndex
    /// Its name, owner, address and keys.
    package let member: GenesisValidator

    /// Joins an index and its validator.
    package init(index: ValidatorIndex, member: GenesisValidator) {
        self.index = index
        self.member = member
    }
}

/// An issuer of credentials that the network trusts.
package struct CredentialIssuer: Hashable, Sendable {
    /// Its identifier, a URI.
    package let id: String
    /// The key of its credentials.
    package let key: PublicSigningKey

    /// Joins an identifier and its key.
    package init(id: String, key: PublicSigningKey) {
        self.id = id
        self.key = key
    }
}

/// A witness outside the network that the validators ask to cosign their checkpoints.
package struct NetworkWitness: Hashable, Sendable {
    /// Its key as a C2SP vkey line of type 0x04.
    package let vkey: String
    /// The URL below which it answers `add-checkpoint`.
    package let url: String

    /// Joins a key and an address.
    package init(vkey: String, url: String) {
        self.vkey = vkey
        self.url = url
    }
}

/// Who may submit entries: services private ones, organisations governance.
package enum NetworkSubmitter: Hashable, Sendable {
    /// A service of the suite.
    case service(GenesisService)
    /// An organisation that takes part in governance.
    case organization(GenesisOrganization)

    /// The key that signs the submissions.
    package var key: PublicSigningKey {
        switch self {
        case .service(let service): service.signingKey
        case .organization(let organization): organization.key
        }
    }

    /// The name for people.
    package var name: String {
        switch self {
        case .service(let service): service.name
        case .organization(let organization): organization.name
        }
    }
}

/// Everything that governance may change, as plain values; `NetworkState` adds what follows from them.
package struct NetworkMembers: Hashable, Sendable {
    /// The organisations.
    package var organizations: [GenesisOrganization]
    /// The validators in force, ascending by index.
    package var validators: [NetworkValidator]
    /// The index that the next validator gets; indices are never used twice.
    package var nextValidatorIndex: ValidatorIndex
    /// The services whose entries the ledger takes.
    package var services: [GenesisService]
    /// The issuers of credentials that are trusted.
    package var issuers: [CredentialIssuer]
    /// The witnesses that cosign beside the validators.
    package var witnesses: [NetworkWitness]
    /// The limits of blocks.
    package var limits: GenesisLimits
    /// Keys that were in force and are not any more, in the order in which they ended; none comes back.
    package var retiredKeys: [PublicSigningKey]
    /// Those of them that are compromised, in the order in which that was declared.
    package var compromises: [KeyCompromise]
}

/// Who and what the network consists of at a height: the genesis file and every change made since.
///
/// It tells who votes, who must agree and whose entries count. Two states are the same when their hashes are.
package struct NetworkState: Sendable {
    /// The SHA-256 of the genesis file.
    package let networkID: NetworkID
    /// The short name of the network.
    package let network: String
    /// The organisations, validators, services, issuers, witnesses and limits.
    package let members: NetworkMembers
    /// The hash of the validators in force, which every block entry states.
    package let validatorSetHash: Digest
    /// SHA-256 of the canonical JSON of everything in the state; a change names the one that it replaces.
    package let hash: Digest

    private let positions: [ValidatorIndex: Int]
    private let submittersByKey: [KeyID: NetworkSubmitter]

    init(networkID: NetworkID, network: String, members: NetworkMembers) {
        self.networkID = networkID
        self.network = network
        self.members = members
        validatorSetHash = Self.validatorSetHash(of: members.validators.map(\.member))
        hash = Self.hash(networkID: networkID, network: network, members: members)
        positions = Dictionary(
            members.validators.enumerated().map { ($0.element.index, $0.offset) },
            uniquingKeysWith: { first, _ in first })
        let services = members.services.map { ($0.signingKey.keyID, NetworkSubmitter.service($0)) }
        let organizations = members.organizations.map { ($0.key.keyID, NetworkSubmitter.organization($0)) }
        submittersByKey = Dictionary(services + organizations, uniquingKeysWith: { first, _ in first })
    }

    /// The origin of the log: the first line of its checkpoints and the name of its log signatures.
    package var origin: String { "consentry.example/\(network)" }
    /// The validators in force, ascending by index.
    package var validators: [NetworkValidator] { members.validators }
    /// Their indices, ascending.
    package var validatorIndices: [ValidatorIndex] { members.validators.map(\.index) }
    /// The services.
    package var services: [GenesisService] { members.services }
    /// The organisations.
    package var organizations: [GenesisOrganization] { members.organizations }
    /// The limits of blocks.
    package var limits: GenesisLimits { members.limits }

    /// How many validators make a block final: ⌊2n/3⌋ + 1, so that two quorums share an honest validator.
    package var quorum: Int { Self.quorum(of: validators.count) }
    /// How many validators may fail or collude: ⌊(n−1)/3⌋.
    package var faultMax: Int { (validators.count - 1) / 3 }
    /// How many organisations must sign a change: ⌊2m/3⌋ + 1.
    package var organizationQuorum: Int { Self.quorum(of: organizations.count) }

    /// Computes the quorum of a count: ⌊2n/3⌋ + 1, since 2f + 1 is unsafe unless n = 3f + 1.
    package static func quorum(of count: Int) -> Int { 2 * count / 3 + 1 }

    /// Finds a validator in force by its index.
    package func validator(_ index: ValidatorIndex) -> GenesisValidator? {
        positions[index].map { members.validators[$0].member }
    }

    /// The place of a validator among those in force, from 0; nil for one that is not.
    package func position(of index: ValidatorIndex) -> Int? { positions[index] }

    /// Finds the index of the validator in force that votes with a key.
    package func validatorIndex(consensusKey: PublicSigningKey) -> ValidatorIndex? {
        validators.first { $0.member.consensusKey == consensusKey }?.index
    }

    /// Finds who submits with a key; nil for a key that may not submit.
    package func submitter(_ keyID: KeyID) -> NetworkSubmitter? { submittersByKey[keyID] }

    /// Finds the service that signs with a key.
    package func service(keyID: KeyID) -> GenesisService? {
        guard case .service(let service) = submittersByKey[keyID] else { return nil }
        return service
    }

    /// Finds a service by its name.
    package func service(_ name: ServiceName) -> GenesisService? { services.first { $0.service == name } }

    /// Finds an organisation.
    package func organization(_ id: ParticipantID) -> GenesisOrganization? {
        organizations.first { $0.id == id }
    }

    /// Who may submit, services first.
    package var submitters: [NetworkSubmitter] {
        members.services.map { .service($0) } + members.organizations.map { .organization($0) }
    }

    /// The keys that may submit, ascending.
    package var submitterKeyIDs: [KeyID] { submittersByKey.keys.sorted() }

    /// The validator that proposes in a round: they take turns from one height and round to the next.
    package func proposer(height: BlockHeight, round: UInt32) -> ValidatorIndex {
        let count = UInt64(validators.count)
        return validators[Int((height.value % count + UInt64(round)) % count)].index
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

extension NetworkState: Hashable {
    /// Tells whether two states are the same.
    package static func == (left: NetworkState, right: NetworkState) -> Bool { left.hash == right.hash }

    /// Hashes what `==` compares.
    package func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}
