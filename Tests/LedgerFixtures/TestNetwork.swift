package import Cryptography
package import LedgerProtocol
package import Model

/// A network whose keys all come from their names, so that every run makes the same bytes.
package struct TestNetwork: Sendable {
    /// The file of the network.
    package let genesis: Genesis
    /// The consensus keys, by validator.
    package let consensus: [Signer]
    /// The cosignature keys, by validator.
    package let cosignature: [Signer]
    /// The log keys, by validator.
    package let log: [Signer]
    /// The signing keys of the services.
    package let services: [ServiceName: Signer]

    /// A compact one has one organisation and two services.
    package init(validatorCount: Int = 4, network: String = "test", isCompact: Bool = false) throws {
        let numbers = 1...validatorCount
        consensus = numbers.map { Self.signer("\(network) consensus \($0)") }
        cosignature = numbers.map { Self.signer("\(network) cosignature \($0)") }
        log = numbers.map { Self.signer("\(network) log \($0)") }
        services = Dictionary(
            uniqueKeysWithValues: ServiceName.allCases.map {
                ($0, Self.signer("\(network) signing \($0.rawValue)"))
            })
        var draft = Self.draft(
            network: network, consensus: consensus, cosignature: cosignature, log: log, services: services)
        if isCompact {
            draft.services = draft.services.filter { $0.tokenKey != nil }
            let owner = draft.organizations[0].id
            draft.organizations.removeLast()
            draft.validators = draft.validators.map {
                GenesisValidator(
                    name: $0.name, organization: owner, url: $0.url, consensusKey: $0.consensusKey,
                    cosignatureKey: $0.cosignatureKey, logKey: $0.logKey)
            }
        }
        genesis = try draft.genesis()
    }

    /// The signing key that comes from a name.
    package static func signer(_ name: String) -> Signer {
        let seed = SecretBytes(copying: SHA256.hash([UInt8](name.utf8)).bytes)
        do { return Signer(try SigningKey(seed: seed)) } catch { fatalError("a digest is a seed: \(error)") }
    }

    /// The sealing key that comes from a name.
    package static func unsealer(_ name: String) -> Unsealer {
        let secret = SecretBytes(copying: SHA256.hash([UInt8](name.utf8)).bytes)
        do { return Unsealer(try SealingKey(secret: secret)) } catch {
            fatalError("a digest is a secret: \(error)")
        }
    }

    /// An identifier that comes from a name.
    package static func identifier<Kind>(_ name: String) -> Identifier<Kind> {
        // Sixteen bytes are what an identifier takes.
        Identifier(SHA256.hash([UInt8](name.utf8)).bytes.prefix(16))!
    }

    /// The members of the file, all keys given.
    package static func draft(
        network: String, consensus: [Signer], cosignature: [Signer], log: [Signer],
        services: [ServiceName: Signer]
    ) -> GenesisDraft {
        let names = ["North Hospital", "South Clinic"]
        let organizations = names.map {
            GenesisOrganization(id: identifier($0), name: $0, key: signer("\(network) \($0)").publicKey)
        }
        let validators = consensus.indices.map { index in
            GenesisValidator(
                name: "validator-\(index + 1).\(network).consentry.example",
                organization: organizations[index % names.count].id, url: "http://127.0.0.1:\(7101 + index)",
                consensusKey: consensus[index].publicKey, cosignatureKey: cosignature[index].publicKey,
                logKey: log[index].publicKey)
        }
        let members = ServiceName.allCases.map { name in
            GenesisService(
                service: name, organization: organizations[0].id,
                url: "https://\(name.rawValue).\(network).example",
                signingKey: services[name]?.publicKey ?? organizations[0].key,
                sealingKey: unsealer("\(network) sealing \(name.rawValue)").publicKey,
                tokenKey: name == .identity || name == .consent
                    ? signer("\(network) token \(name.rawValue)").publicKey : nil)
        }
        return GenesisDraft(
            network: network, createdAt: Timestamp(milliseconds: 1_795_374_000_000),
            organizations: organizations, validators: validators, services: members)
    }

    /// The signing key of a service.
    package func signer(of service: ServiceName) -> Signer { services[service] ?? Self.signer("none") }

    /// The disclosure of an event that comes from a number.
    package func disclosure(
        _ number: Int, by service: ServiceName = .consent, time: Int64 = 1_795_374_000_500
    ) throws -> EventDisclosure {
        let payload = EventPayload(
            id: Self.identifier("event \(service.rawValue) \(number)"), type: .consentGranted,
            subject: Self.identifier("patient"), time: Timestamp(milliseconds: time),
            data: ["number": .number(JSONNumber(number)), "text": "\u{e9}\u{2028}\n"])
        let secret = SecretBytes(copying: [UInt8]("erasure secret of a patient".utf8))
        return try EventDisclosure.make(
            payload: payload, submitter: signer(of: service).keyID,
            opening: Entry.opening(of: payload.id, erasureSecret: secret), networkID: genesis.networkID)
    }

    /// The events' entries as their service submits them.
    package func submission(
        by service: ServiceName, sequence: UInt64, events: [EventDisclosure]
    ) throws -> Submission {
        try Submission.make(
            networkID: genesis.networkID, sequence: sequence, entries: events.map(\.entry),
            signer: signer(of: service))
    }
}
