import LedgerProtocol
import Model

/// One notice of a patient's inbox.
struct Notice: Sendable {
    let id: EntryID
    let type: String
    let summary: String
    /// The event with its opening, in the canonical form that a verifier takes.
    let event: JSONValue
    /// The receipt; nil while the event is not final.
    let receipt: String?
}

/// Speaks with `notification`: reads a patient's inbox.
struct InboxClient: Sendable {
    let genesis: Genesis
    let client: ServiceClient

    /// The newest notices, of all pages.
    func notices(token: String) async throws -> [Notice] {
        var notices: [Notice] = []
        var cursor: String?
        while true {
            let query = cursor.map { "&after=\($0)" } ?? ""
            let answer = try await client.send {
                ServiceCall(
                    url: "\(try genesis.url(of: .notification))/inbox?limit=100\(query)",
                    headers: [("Authorization", "Bearer \(token)")])
            }
            guard answer.status == 200, let page = answer.json["notices"]?.array else {
                throw ClientFailure("the inbox was not shown: \(answer.problem)")
            }
            notices += page.compactMap(Self.notice)
            let next = answer.json["next"]
            guard !page.isEmpty, let text = next?.string ?? next?.int64.map(String.init), text != cursor
            else {
                return notices
            }
            cursor = text
        }
    }

    private static func notice(_ value: JSONValue) -> Notice? {
        guard let id = value["id"]?.string.flatMap({ EntryID($0) }), let type = value["type"]?.string,
            let summary = value["summary"]?.string, let event = value["event"]
        else { return nil }
        return Notice(id: id, type: type, summary: summary, event: event, receipt: value["receipt"]?.string)
    }
}
