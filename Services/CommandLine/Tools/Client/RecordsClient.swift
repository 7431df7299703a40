import LedgerProtocol
import Model

/// Speaks with `records`: stores Bundles and reads records.
struct RecordsClient: Sendable {
    let genesis: Genesis
    let client: ServiceClient

    /// Stores the clinical resources of a Bundle for a patient and returns how many were taken.
    func store(_ bundle: [UInt8], of patient: ParticipantID, token: String) async throws -> Int {
        let answer = try await client.send {
            ServiceCall(
                method: "POST", url: "\(try genesis.url(of: .records))/fhir/Patient/\(patient)/$store",
                headers: [("Content-Type", "application/fhir+json"), ("Authorization", "Bearer \(token)")],
                body: bundle)
        }
        guard answer.status == 200, let entries = answer.json["entry"]?.array else {
            throw ClientFailure("records did not store the Bundle: \(answer.problem)")
        }
        return entries.count { $0["response"]?["location"] != nil }
    }

    /// Asks for everything that a record-access token opens; the answer may be a refusal.
    func readEverything(of patient: ParticipantID, token: String) async throws -> ServiceAnswer {
        try await client.send {
            ServiceCall(
                url: "\(try genesis.url(of: .records))/fhir/Patient/\(patient)/$everything",
                headers: [("Authorization", "Bearer \(token)")])
        }
    }
}
