package import Cryptography
package import LedgerCore
package import LedgerProtocol
package import Model

/// A network whose keys all come from their names, so that a seed gives the same run every time.
package struct LedgerNetwork: Sendable {
    /// When every such network was made.
    package static let createdAt = Timestamp(milliseconds: 1_795_374_000_000)

    /// The genesis file.
    package let genesis: Genesis
    /// The network as it began.
    package var state: NetworkState { genesis.initial }
    /// The validators' keys, in the order of their indices.
    package let keys: [ValidatorKeys]
    /// The signing keys of the services.
    package let services: [ServiceName: Signer]
    private let name: String
    /// The seeds of the validators' keys by purpose, for key files.
    package let seeds: [[String: [UInt8]]]

    /// Makes the network; another name gives other keys.
    ///
    /// - Throws: what the rules of genesis refuse.
    package init(validatorCount: Int, name: String = "test") throws {
        self.name = name
        let validators = 1...validatorCount
        let seeds = validators.map { number in
            Dictionary(
                uniqueKeysWithValues: ["consensus", "cosignature", "log"].map {
                    ($0, Self.seed("\(name) \($0) \(number)"))
                })
        }
        self.seeds = seeds
        let keys = seeds.map { seeds in
            ValidatorKeys(
                consensus: Self.signer(seeds["consensus"]), cosignature: Self.signer(seeds["cosignature"]),
                log: Self.signer(seeds["log"]))
        }
        self.keys = keys
        services = Dictionary(
            uniqueKeysWithValues: ServiceName.allCases.map {
                ($0, Self.signer(Self.seed("\(name) signing \($0.rawValue)")))
            })
        genesis = try Self.draft(name: name, keys: keys, services: services).genesis()
    }

    /// What the validator of an index is told, also of one that genesis does not name.
    package func settings(_ index: Int) -> ValidatorSettings {
        ValidatorSettings(
            genesis: genesis, validator: ValidatorIndex(UInt16(index)), keys: keys(of: index))
    }

    /// The keys of the validator of an index, also of one that genesis does not name.
    package func keys(of index: Int) -> ValidatorKeys {
        if keys.indices.contains(index) { return keys[index] }
        let signer = { (purpose: String) in Self.signer(Self.seed("\(name) \(purpose) \(index + 1)")) }
        return ValidatorKeys(
            consensus: signer("consensus"), cosignature: signer("cosignature"), log: signer("log"))
    }

    /// A validator that joins with an index; under the name of another one it takes that one's place.
    package func newcomer(
        _ index: Int, named other: String? = nil, organization: Int = 0
    ) -> GenesisValidator {
        let keys = keys(of: index)
        return GenesisValidator(
            name: other ?? "validator-\(index + 1).\(name).consentry.example",
            organization: genesis.organizations[organization].id, url: "http://127.0.0.1:\(7101 + index)",
            consensusKey: keys.consensus.publicKey, cosignatureKey: keys.cosignature.publicKey,
            logKey: keys.log.publicKey)
    }

    /// Names those too who may join, for looking up whose key is whose; no block is judged by it.
    func everybody(with newcomerCount: Int) -> NetworkHistory {
        var history = NetworkHistory(genesis)
        let joined = (keys.count..<keys.count + newcomerCount).map {
            GovernanceChange.addValidator(newcomer($0))
        }
        do {
            let change = try change(joined, of: state, sequence: 0)
            if let next = try GovernanceRules.nextState(after: change, on: state, at: BlockHeight(1)) {
                history.append(next, from: BlockHeight(UInt64(Int64.max)), treeSizeBefore: UInt64(Int64.max))
            }
        } catch {
            fatalError("validators may join a network: \(error)")
        }
        return history
    }

    /// A governance entry that every organisation signed, submitted by one of them.
    ///
    /// - Throws: what the rules of its form refuse.
    package func change(
        _ changes: [GovernanceChange], of state: NetworkState, by organization: Int = 0, sequence: UInt64
    ) throws -> Submission {
        let signers = genesis.organizations.map { Self.signer(Self.seed("\(name) organization \($0.name)")) }
        var document = GovernanceDocument(changes, of: state, expires: BlockHeight(1_000))
        for (organization, signer) in zip(genesis.organizations, signers) {
            document = document.signed(by: organization.id, with: signer)
        }
        let id: EntryID = Self.identifier("\(document.replaces) \(sequence) \(organization)")
        let entry = Entry.make(
            kind: .governance, submitter: signers[organization].keyID, id: id, time: 1_795_374_000,
            opening: .zero, networkID: genesis.networkID, payload: document.bytes)
        return try Submission.make(
            networkID: genesis.networkID, sequence: sequence, entries: [entry],
            publicPayloads: [document.bytes], signer: signers[organization])
    }

    /// The signing key of a service.
    package func signer(_ service: ServiceName) -> Signer { services[service] ?? Self.signer(nil) }

    /// Signs a submission whose entries follow from its arguments alone.
    ///
    /// - Throws: what the rules of its form refuse.
    package func submission(
        by service: ServiceName = .consent, sequence: UInt64, entryCount: Int = 1, salt: String = "",
        kind: EntryKind = .private
    ) throws -> Submission {
        let signer = signer(service)
        let entries = (0..<entryCount).map { number in
            let name = "\(service.rawValue) \(sequence) \(number) \(salt)"
            return Entry.make(
                kind: kind, submitter: signer.keyID, id: Self.identifier(name), time: 1_795_374_000,
                opening: kind.isPublic ? .zero : SHA256.hash([UInt8](name.utf8)),
                networkID: genesis.networkID, payload: [1])
        }
        return try Submission.make(
            networkID: genesis.networkID, sequence: sequence, entries: entries,
            publicPayloads: kind.isPublic ? entries.map { _ in [1] } : [], signer: signer)
    }

    /// A block with the precommits of every validator but the first, in round 0.
    ///
    /// - Parameter submissions: others than the block's own, for one that is not what was agreed on.
    package func finalBlock(_ block: BuiltBlock, submissions: [Submission]? = nil) -> FinalBlock {
        let precommits = keys.indices.dropFirst().map { index in
            Vote.make(
                networkID: genesis.networkID, step: .precommit, height: block.height, round: 0,
                blockHash: block.blockHash, validator: ValidatorIndex(UInt16(index)),
                signer: keys[index].consensus)
        }
        guard let certificate = Certificate.make(of: precommits, quorum: state.quorum) else {
            preconditionFailure("all validators but one are a quorum of four or more")
        }
        return FinalBlock(
            blockEntry: block.entry, checkpointText: block.checkpointText, certificate: certificate,
            submissions: submissions ?? block.submissions)
    }

    /// Verifies a submission as a validator does.
    ///
    /// - Throws: the refusal.
    package func verified(_ submission: Submission) throws -> Verified<Submission> {
        try MessageVerifier(history: NetworkHistory(genesis)).verify(submission)
    }

    /// Makes the identifier of a name.
    package static func identifier<Kind>(_ name: String) -> Identifier<Kind> {
        // Sixteen bytes are what an identifier takes.
        Identifier(SHA256.hash([UInt8](name.utf8)).bytes.prefix(16))!
    }

    private static func seed(_ name: String) -> [UInt8] { SHA256.hash([UInt8](name.utf8)).bytes }

    private static func signer(_ seed: [UInt8]?) -> Signer {
        let secret = SecretBytes(copying: seed ?? [UInt8](repeating: 7, count: 32))
        do { return Signer(try SigningKey(seed: secret)) } catch {
            fatalError("32 bytes are a seed: \(error)")
        }
    }

    private static func draft(
        name: String, keys: [ValidatorKeys], services: [ServiceName: Signer]
    ) throws -> GenesisDraft {
        let names = keys.count == 1 ? ["North Hospital"] : ["North Hospital", "South Clinic"]
        let organizations = names.map {
            GenesisOrganization(
                id: identifier($0), name: $0, key: signer(seed("\(name) organization \($0)")).publicKey)
        }
        let validators = keys.enumerated().map { index, keys in
            GenesisValidator(
                name: "validator-\(index + 1).\(name).consentry.example",
                organization: organizations[index % organizations.count].id,
                url: "http://127.0.0.1:\(7101 + index)", consensusKey: keys.consensus.publicKey,
                cosignatureKey: keys.cosignature.publicKey, logKey: keys.log.publicKey)
        }
        let members = try ServiceName.allCases.map { service in
            let sealing = SecretBytes(copying: seed("\(name) sealing \(service.rawValue)"))
            return GenesisService(
                service: service, organization: organizations[0].id,
                url: "https://\(service.rawValue).\(name).example",
                signingKey: services[service]?.publicKey ?? organizations[0].key,
                sealingKey: try SealingKey(secret: sealing).publicKey,
                tokenKey: service == .identity || service == .consent
                    ? signer(seed("\(name) token \(service.rawValue)")).publicKey : nil)
        }
        return GenesisDraft(
            network: name, createdAt: createdAt, organizations: organizations, validators: validators,
            services: members)
    }
}
