import Cryptography
import Foundation
import HTTPTypes
import IdentityAdapters
import LedgerProtocol
import Messaging
import Model
import Postgres
import ServiceHost
import ServiceRuntime
import TestSupport
import Testing
import Tokens

/// An identity service of a network of its own, called through its routes, with a database and no broker.
struct IdentityNetwork: Sendable {
    /// Short, so that enrolments which nobody makes final do not hold tests up.
    static let finalityWaitMilliseconds = 300

    let service: IdentityService
    let genesis: Genesis
    let founder: Holder
    /// Votes as the network's one validator.
    let consensus: Signer

    /// Runs a body with a fresh network and leaves nothing behind.
    static func with(_ body: (IdentityNetwork) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "identity-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let founder = Holder()
        let consensus = Signer(SigningKey.generate())
        let genesis = try NetworkFolder.make(in: folder, founder: founder, consensus: consensus.publicKey)
        let postgres = try await PrivatePostgres.shared().createSchema("identity")
        let service = try await IdentityService.start(
            environment: NetworkFolder.environment(folder, postgres: postgres),
            finalityWaitMilliseconds: finalityWaitMilliseconds)
        do {
            try await body(
                IdentityNetwork(service: service, genesis: genesis, founder: founder, consensus: consensus))
        } catch {
            await service.host.pool.close()
            throw error
        }
        await service.host.pool.close()
    }

    var now: Timestamp { service.host.clock() }
    var tokenEndpoint: String { service.host.service.url + "/token" }
    var consentURL: String { genesis.service(.consent)?.url ?? "" }

    /// Calls the route of this method and template and returns its answer, also where it throws one.
    func call(
        _ method: HTTPRequest.Method, _ template: String, parameters: [String: String] = [:],
        contentType: String = "application/json", body: [UInt8] = []
    ) async throws -> ServiceResponse {
        let route = try #require(service.routes.first { $0.method == method && $0.template == template })
        let request = try ServiceRequest(
            method: method, path: template, pathParameters: parameters,
            headers: [.contentType: contentType], body: body)
        do {
            return try await route.handler(request)
        } catch let problem as HTTPProblem {
            return problem.response(forPath: template)
        } catch {
            guard let problem = ServiceHost.problem(for: error) else { throw error }
            return problem.response(forPath: template)
        }
    }

    /// Tells the service of a first block in which the founder changes the network.
    func change(_ changes: [GovernanceChange]) throws {
        let state = genesis.initial
        let payload = GovernanceDocument(changes, of: state, expires: BlockHeight(9))
            .signed(by: founder.id, with: founder.signer).bytes
        let entry = Entry.make(
            kind: .governance, submitter: founder.signer.keyID, id: EntryID(Random.bytes(16))!, time: 0,
            opening: .zero, networkID: genesis.networkID, payload: payload)
        let submission = try Submission.make(
            networkID: genesis.networkID, sequence: 0, entries: [entry], publicPayloads: [payload],
            signer: founder.signer)
        let next = try GovernanceRules.nextState(after: [submission], on: state, at: BlockHeight(1))
        let blockEntry = BlockEntry(
            height: BlockHeight(1), previous: genesis.networkID,
            time: genesis.createdAt.advanced(byMilliseconds: 10), validatorSet: state.validatorSetHash,
            nextValidatorSet: next.validatorSetHash)
        let text = FinalBlock.checkpointText(
            origin: genesis.origin,
            tree: FinalBlock.tree(
                after: ChainHead(genesis), submissions: [submission], blockEntry: blockEntry))
        let vote = Vote.make(
            networkID: genesis.networkID, step: .precommit, height: BlockHeight(1), round: 0,
            blockHash: FinalBlock.hash(ofCheckpointText: text), validator: ValidatorIndex(0),
            signer: consensus)
        let block = FinalBlock(
            blockEntry: blockEntry, checkpointText: text,
            certificate: try #require(Certificate.make(of: [vote], quorum: 1)), submissions: [submission])
        let leaves = [entry.leafHash, blockEntry.leafHash]
        let proof = try NetworkChange.make(of: block, firstIndex: 0, previousText: "") { leaves[Int($1)] }
        try service.host.context.network.accept(try #require(proof))
    }

    func enrol(_ body: JSONValue) async throws -> ServiceResponse {
        try await call(.post, "/enrolments", body: body.encoded())
    }

    func token(_ form: [String: String]) async throws -> ServiceResponse {
        let allowed = CharacterSet.alphanumerics
        let text = form.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")"
        }.joined(separator: "&")
        return try await call(
            .post, "/token", contentType: "application/x-www-form-urlencoded", body: Array(text.utf8))
    }

    /// Enrols a holder and makes the enrolment final, as the ledger would.
    func enrolled(
        _ holder: Holder, _ kind: ParticipantKind, of organization: Holder? = nil, hasKeys: Bool = true
    ) async throws {
        let response = try await enrol(try body(holder, kind, of: organization, hasKeys: hasKeys))
        #expect(response.status == .accepted)
        try await makeFinal()
    }

    func body(
        _ holder: Holder, _ kind: ParticipantKind, of organization: Holder? = nil, by sponsor: Holder? = nil,
        hasKeys: Bool = true
    ) throws -> JSONValue {
        let enrolment = holder.enrolment(
            kind, organization: organization?.id, authority: kind == .patient ? consentURL : nil,
            issuedAt: now,
            hasKeys: hasKeys)
        return try holder.body(
            enrolment, sponsor: sponsor ?? organization ?? founder, networkID: genesis.networkID,
            hasKeys: hasKeys)
    }

    /// Marks every event final, which is what messaging does once a quorum has committed the entries.
    func makeFinal() async throws {
        _ = try await service.host.pool.query { session in
            try session.execute(
                """
                UPDATE event SET final = true, submission_sequence = 0, submission_position = 0,
                    entry_index = 7, height = 1, tree_size = 8, receipt = 'receipt' WHERE NOT final
                """)
        }
    }

    /// How many rows a table of the service holds.
    func rowCount(_ table: String) async throws -> Int64 {
        try await service.host.pool.query { session in
            try session.query("SELECT count(*) FROM \(table)")[0].int(0)
        }
    }
}

/// Writes the genesis file and the key folder of the tested service.
enum NetworkFolder {
    static func make(
        in folder: URL, founder: Holder, consensus: PublicSigningKey = SigningKey.generate().publicKey
    ) throws -> Genesis {
        let signing = SigningKey.generate()
        let token = SigningKey.generate()
        let sealing = SealingKey.generate()
        let services = [
            GenesisService(
                service: .identity, organization: founder.id, url: "http://127.0.0.1:7101",
                signingKey: signing.publicKey, sealingKey: sealing.publicKey, tokenKey: token.publicKey),
            GenesisService(
                service: .consent, organization: founder.id, url: "http://127.0.0.1:7102",
                signingKey: SigningKey.generate().publicKey, sealingKey: SealingKey.generate().publicKey,
                tokenKey: SigningKey.generate().publicKey),
        ]
        let validator = GenesisValidator(
            name: "validator-1.test.consentry.example", organization: founder.id,
            url: "http://127.0.0.1:7001",
            consensusKey: consensus, cosignatureKey: SigningKey.generate().publicKey,
            logKey: SigningKey.generate().publicKey)
        let genesis = try GenesisDraft(
            network: "test", createdAt: WallClock.now(),
            organizations: [
                GenesisOrganization(id: founder.id, name: "Founder", key: founder.signer.publicKey)
            ], validators: [validator], services: services
        ).genesis()
        try Data(genesis.bytes).write(to: folder.appending(path: "genesis.json"))
        try write(signing.withSeed { line(.ed25519, $0) }, "signing", folder)
        try write(token.withSeed { line(.ed25519, $0) }, "token", folder)
        try write(sealing.withSecret { line(.x25519, $0) }, "sealing", folder)
        try write(line(.symmetric, Random.bytes(32)), "root", folder)
        return genesis
    }

    static func environment(_ folder: URL, postgres: PostgresConfiguration) -> Environment {
        Environment([
            "CONSENTRY_GENESIS": folder.appending(path: "genesis.json").path, "CONSENTRY_KEYS": folder.path,
            "CONSENTRY_POSTGRES": PrivatePostgres.url(of: postgres), "CONSENTRY_SCHEMA": postgres.schema,
            "CONSENTRY_KAFKA": "127.0.0.1:1",
        ])
    }

    private static func line(_ kind: KeyFile.Kind, _ secret: [UInt8]) -> [UInt8] {
        KeyFile(kind: kind, secret: SecretBytes(copying: secret)).encoded()
    }

    private static func write(_ line: [UInt8], _ name: String, _ folder: URL) throws {
        let path = folder.appending(path: "\(name).key").path
        let isWritten = FileManager.default.createFile(
            atPath: path, contents: Data(line), attributes: [.posixPermissions: 0o600])
        #expect(isWritten)
    }
}
