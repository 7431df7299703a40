import AsyncHTTPClient
import Model
import NIOCore
import NIOHTTP1

/// The answer of a service: its status, its headers and its body, whole.
struct ServiceAnswer: Sendable {
    let status: Int
    let headers: [String: String]
    let body: [UInt8]

    /// The value of a header, whatever the case of its name.
    func header(_ name: String) -> String? { headers[name.lowercased()] }

    /// The body as JSON; null when it is not JSON.
    var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }

    /// What the service says went wrong, in whichever of its two forms.
    var problem: String {
        json["error_description"]?.string
            ?? json["issue"]?[0]?["diagnostics"]?.string
            ?? "status \(status)"
    }
}

/// Something that a client asked of a service did not succeed.
struct ClientFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A request of a client, made anew for every attempt so that one-time assertions are never sent twice.
struct ServiceCall: Sendable {
    var method = "GET"
    var url: String
    var headers: [(String, String)] = []
    var body: [UInt8] = []
}

/// An ordinary HTTP client of the public interfaces, patient while a service restarts.
///
/// A connection that fails and the statuses 429 and 503 are tried again for up to `patience`; the calls it is
/// given are idempotent, so trying again is safe.
struct ServiceClient: Sendable {
    /// How long a service may be away before the client gives up.
    static let patience: Duration = .seconds(30)
    /// The largest answer that a client of the walk takes.
    static let answerBytesMax = 64 << 20

    /// Sends a call until it is answered with something other than "try again later".
    ///
    /// - Throws: `ClientFailure` when no answer came within the client's patience.
    func send(_ call: () throws -> ServiceCall) async throws -> ServiceAnswer {
        let deadline = ContinuousClock.now + Self.patience
        var last = "no answer"
        while true {
            let call = try call()
            do {
                let answer = try await once(call)
                if answer.status != 503 && answer.status != 429 { return answer }
                last = answer.problem
            } catch let failure as ClientFailure {
                throw failure
            } catch {
                last = "no connection"
            }
            guard ContinuousClock.now < deadline else {
                throw ClientFailure("\(call.method) \(call.url): \(last), for \(Self.patience)")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func once(_ call: ServiceCall) async throws -> ServiceAnswer {
        var request = HTTPClientRequest(url: call.url)
        request.method = .init(rawValue: call.method)
        for (name, value) in call.headers { request.headers.add(name: name, value: value) }
        if !call.body.isEmpty { request.body = .bytes(ByteBuffer(bytes: call.body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
        let body = try await response.body.collect(upTo: Self.answerBytesMax)
        var headers: [String: String] = [:]
        for header in response.headers { headers[header.name.lowercased()] = header.value }
        return ServiceAnswer(
            status: Int(response.status.code), headers: headers, body: Array(body.readableBytesView))
    }
}

extension ServiceCall {
    /// A form post, as the OAuth endpoints take it.
    static func form(_ url: String, _ fields: [(String, String)], headers: [(String, String)] = [])
        -> ServiceCall
    {
        let body = fields.map { "\(percentEncoded($0))=\(percentEncoded($1))" }.joined(separator: "&")
        return ServiceCall(
            method: "POST", url: url,
            headers: [("Content-Type", "application/x-www-form-urlencoded")] + headers, body: Array(body.utf8)
        )
    }

    private static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(Character(Unicode.Scalar(byte)))
            default:
                encoded += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
        return encoded
    }
}
