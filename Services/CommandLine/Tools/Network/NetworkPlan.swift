import Cryptography
import LedgerProtocol
import Model

/// What a new network is to consist of; making it draws every key.
struct NetworkPlan: Sendable {
    let name: String
    let organizationNames: [String]
    let validatorURLs: [String]
    let serviceURLs: [ServiceName: String]
    let subscriberNames: [String]
    var submissionsAheadMax = GenesisLimits.standard.submissionsAheadMax
    var timeZone = GenesisPolicies.timeZoneDefault
    var purposeSystems: [String] = []

    /// Makes all files, the genesis last, so that a folder with a genesis is complete.
    ///
    /// - Throws: `FileFault` when the folder is not empty or a file cannot be written, `GenesisFault`
    ///   when the
    ///   parts do not make a genesis; then nothing has been written.
    func make(in directory: String, now: Timestamp) throws -> Genesis {
        let layout = NetworkLayout(directory)
        guard FileBytes.names(in: layout.root).isEmpty else {
            throw FileFault(
                description: "`\(directory)` is not empty and nothing is overwritten; choose another folder")
        }
        let slugs = organizationNames.map(NetworkLayout.slug)
        guard Set(slugs).count == slugs.count, !slugs.contains("") else {
            throw FileFault(
                description:
                    "two organisations would have the same key file; choose names that differ in letters")
        }
        var keys = NewKeys()
        let genesis = try draft(layout, now: now, keys: &keys).genesis()
        let subscribers = subscriberNames.map { name -> JSONValue in
            let text = Base64.encode(keys.sealing(layout.subscriberFile(name, "sealing.key")).bytes)
            let path = layout.subscriberFile(name, "sealing.pub")
            keys.files.append(NewKeys.File(path: path, bytes: [UInt8]("\(text)\n".utf8), mode: 0o644))
            return ["name": .string(name), "sealingKey": .string(text)]
        }
        try keys.write()
        try FileBytes.makeFolder("\(layout.root)/subscribers", mode: 0o700)
        let list = JSONValue.array(subscribers).encoded()
        try FileBytes.create(list + [UInt8(ascii: "\n")], at: layout.subscribers, mode: 0o644)
        try FileBytes.create(genesis.bytes, at: layout.genesis, mode: 0o644)
        return genesis
    }

    private func draft(_ layout: NetworkLayout, now: Timestamp, keys: inout NewKeys) throws -> GenesisDraft {
        let organizations = try organizationNames.map { name in
            GenesisOrganization(
                id: try Self.randomID(), name: name, key: try keys.signing(layout.organizationKey(name)))
        }
        let validators = try validatorURLs.enumerated().map { index, url in
            let number = index + 1
            // Genesis does not name it: whoever wants to be witnessed lists it, whoever does not ignores it.
            _ = try keys.signing(layout.validatorKey(number, "witness"))
            return GenesisValidator(
                name: "validator-\(number).\(name).consentry.example",
                organization: organizations[index % organizations.count].id, url: url,
                consensusKey: try keys.signing(layout.validatorKey(number, "consensus")),
                cosignatureKey: try keys.signing(layout.validatorKey(number, "cosignature")),
                logKey: try keys.signing(layout.validatorKey(number, "log")))
        }
        let services = try ServiceName.allCases.map { service in
            let path = service.rawValue
            keys.symmetric(layout.serviceKey(path, "root"))
            let issuesTokens = service == .identity || service == .consent
            return GenesisService(
                service: service, organization: organizations[0].id, url: serviceURLs[service] ?? "",
                signingKey: try keys.signing(layout.serviceKey(path, "signing")),
                sealingKey: keys.sealing(layout.serviceKey(path, "sealing")),
                tokenKey: issuesTokens ? try keys.signing(layout.serviceKey(path, "token")) : nil)
        }
        return GenesisDraft(
            network: name, createdAt: now, organizations: organizations, validators: validators,
            services: services,
            policies: GenesisPolicies(
                implicit: GenesisPolicies.standard.implicit, registered: GenesisPolicies.standard.registered,
                purposeSystems: purposeSystems, timeZone: timeZone),
            limits: GenesisLimits(
                blockEntriesMax: GenesisLimits.standard.blockEntriesMax,
                blockBytesMax: GenesisLimits.standard.blockBytesMax,
                submissionsAheadMax: submissionsAheadMax,
                proposalClockToleranceMilliseconds:
                    GenesisLimits.standard.proposalClockToleranceMilliseconds))
    }

    private static func randomID() throws -> ParticipantID {
        guard let id = ParticipantID(Random.bytes(16)) else { throw KeyFileFault.malformed }
        return id
    }
}

/// Keys that were drawn and are still to be written; nothing is written before the genesis is known to
/// be sound.
struct NewKeys {
    struct File {
        let path: String
        let bytes: [UInt8]
        let mode: UInt32
    }

    var files: [File] = []

    /// Draws a signing key for a file.
    mutating func signing(_ path: String) throws -> PublicSigningKey {
        let file = KeyFile(kind: .ed25519, secret: SecretBytes(byteCount: KeyFile.keyByteCount))
        files.append(File(path: path, bytes: file.encoded(), mode: 0o600))
        return try file.signingKey().publicKey
    }

    /// Draws a sealing key for a file.
    mutating func sealing(_ path: String) -> PublicSealingKey {
        let key = SealingKey.generate()
        let bytes = key.withSecret { secret in
            KeyFile(kind: .x25519, secret: SecretBytes(copying: secret)).encoded()
        }
        files.append(File(path: path, bytes: bytes, mode: 0o600))
        return key.publicKey
    }

    /// Draws a symmetric key for a file.
    mutating func symmetric(_ path: String) {
        let file = KeyFile(kind: .symmetric, secret: SecretBytes(byteCount: KeyFile.keyByteCount))
        files.append(File(path: path, bytes: file.encoded(), mode: 0o600))
    }

    /// Writes the files into folders that only their owner may enter.
    ///
    /// - Throws: `FileFault` at the first file that cannot be written.
    func write() throws(FileFault) {
        for file in files {
            if let slash = file.path.lastIndex(of: "/") {
                try FileBytes.makeFolder(String(file.path[..<slash]), mode: 0o700)
            }
            try FileBytes.create(file.bytes, at: file.path, mode: file.mode)
        }
    }
}
