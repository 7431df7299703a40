import Cryptography
import LedgerProtocol
import Model

/// A network as one of its validators shows it; nothing is believed that is not proven from genesis.
struct RemoteNetwork: Sendable {
    let genesis: Genesis
    let url: String
    private let client = ServiceClient()

    init(genesis: Genesis, url: String) {
        self.genesis = genesis
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
    }

    /// The proven changes since genesis, and the history that they give.
    ///
    /// A validator can keep the newest changes back, never invent one.
    /// - Throws: `ClientFailure`, or `VerificationFailure` for changes that are not proven.
    func changes() async throws -> (list: NetworkChangeList, history: NetworkHistory) {
        let list = try NetworkChangeList(parsing: try await get("/network/changes").body)
        return (list, try NetworkHistory(genesis, changes: list))
    }

    /// The height of the block that is next.
    func nextHeight() async throws -> BlockHeight {
        guard let text = try await get("/network").json["height"]?.string, let height = UInt64(text) else {
            throw ClientFailure("\(url) does not say at which height it is")
        }
        return BlockHeight(height)
    }

    /// The sequence with which a key goes on.
    func nextSequence(of keyID: KeyID) async throws -> UInt64 {
        guard let text = try await get("/keys/\(keyID.hex)").json["nextSequence"]?.string,
            let sequence = UInt64(text)
        else { throw ClientFailure("\(url) does not say with which sequence the key goes on") }
        return sequence
    }

    /// Hands a submission to the validator.
    ///
    /// - Throws: `ClientFailure` with the validator's reason when it refuses.
    func submit(_ submission: Submission) async throws {
        let answer = try await client.send {
            ServiceCall(
                method: "POST", url: "\(url)/submissions",
                headers: [("Content-Type", "application/octet-stream")], body: submission.encoded)
        }
        guard answer.status == 202 else { throw ClientFailure("it was refused: \(answer.problem)") }
    }

    private func get(_ path: String) async throws -> ServiceAnswer {
        let answer = try await client.send { ServiceCall(url: url + path) }
        guard answer.status == 200 else { throw ClientFailure("GET \(url)\(path): \(answer.problem)") }
        return answer
    }
}
