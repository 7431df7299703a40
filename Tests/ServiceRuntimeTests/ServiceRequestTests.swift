import HTTPTypes
import Model
import ServiceRuntime
import Testing

@Suite struct ServiceRequestTests {
    private func makeRequest(
        query: String = "", headers: HTTPFields = [:], body: String = ""
    ) throws -> ServiceRequest {
        try ServiceRequest(method: .post, path: "/x", query: query, headers: headers, body: Array(body.utf8))
    }

    @Test func decodesTheQuery() throws {
        let request = try makeRequest(query: "a=1%202+3&&b&date=ge1&date=le2&c=x=y")
        #expect(try request.query("a") == "1 2 3")
        #expect(try request.query("b") == "")
        #expect(try request.query("c") == "x=y")
        #expect(try request.query("absent") == nil)
        #expect(request.queryValues("date") == ["ge1", "le2"])
        #expect(throws: HTTPProblem.self) { try request.query("date") }
    }

    @Test(arguments: ["a=%", "a=%4", "a=%zz", "a=%FF", "=1", "%C0%80=1"])
    func refusesABrokenQuery(query: String) throws {
        let problem = #expect(throws: HTTPProblem.self) { try makeRequest(query: query) }
        #expect(problem?.code == "invalid_query")
    }

    @Test func readsAForm() throws {
        let headers: HTTPFields = [.contentType: "Application/X-WWW-Form-Urlencoded; charset=utf-8"]
        let form = try makeRequest(headers: headers, body: "grant_type=a+b&scope=&code=%C3%A9").form()
        #expect(form == ["grant_type": "a b", "code": "é"])
        #expect(throws: HTTPProblem.self) { try makeRequest(headers: headers, body: "a=1&a=").form() }
        #expect(throws: HTTPProblem.self) { try makeRequest(body: "a=1").form() }
    }

    @Test func readsABearerToken() throws {
        #expect(
            try makeRequest(headers: [.authorization: "bearer abc.DEF-_~+/=="]).bearerToken()
                == "abc.DEF-_~+/==")
        #expect(try makeRequest(headers: [.authorization: "DPoP abc"]).bearerToken(scheme: "DPoP") == "abc")
        let refused = ["", "Basic abc", "Bearer", "Bearer ", "Bearer a b", "Bearer a=b", "Bearer ä"]
        for value in refused {
            let fields: HTTPFields = value.isEmpty ? [:] : [.authorization: value]
            #expect(throws: HTTPProblem.self, "\(value)") { try makeRequest(headers: fields).bearerToken() }
        }
        var twice: HTTPFields = [:]
        twice.append(HTTPField(name: .authorization, value: "Bearer a"))
        twice.append(HTTPField(name: .authorization, value: "Bearer b"))
        let problem = #expect(throws: HTTPProblem.self) { try makeRequest(headers: twice).bearerToken() }
        #expect(problem?.code == "duplicate_header")
    }

    @Test func aChallengeFollowsRFC6750() {
        let missing = HTTPProblem.unauthenticated(HTTPProblem.missingTokenCode, "send a token")
        let invalid = HTTPProblem.unauthenticated("invalid_token", "the \"token\" é expired")
        #expect(missing.headers[.wwwAuthenticate] == "Bearer")
        let challenge = #"Bearer error="invalid_token", error_description="the token  expired""#
        #expect(invalid.headers[.wwwAuthenticate] == challenge)
    }

    @Test func problemsHaveOneFormAFamily() throws {
        let problems: [(problem: HTTPProblem, issue: String)] = [
            (.badRequest("a", "b"), "invalid"), (.unauthenticated("a", "b"), "login"),
            (.forbidden("a", "b"), "forbidden"), (.notFound("a", "b"), "not-found"),
            (.methodNotAllowed(allow: [.get]), "not-supported"), (.conflict("a", "b"), "conflict"),
            (.preconditionFailed("a", "b"), "conflict"), (.tooLarge("a", "b"), "too-long"),
            (.unsupportedMediaType("a", "b"), "not-supported"), (.unprocessable("a", "b"), "processing"),
            (.tooManyRequests("a", "b", retryAfterSeconds: 3), "throttled"),
            (.unavailable("a", "b"), "transient"), (.internalFault(reference: "r"), "exception"),
        ]
        for (problem, issueType) in problems {
            let plain = try JSONValue(parsing: problem.response(forPath: "/fhirlike").body)
            let outcome = problem.response(forPath: "/fhir/Consent/1")
            let issue = try JSONValue(parsing: outcome.body)["issue"]?[0]
            let description = JSONValue.string(problem.message)
            #expect(plain == ["error": .string(problem.code), "error_description": description])
            #expect(issue?["code"]?.string == issueType)
            #expect(issue?["diagnostics"] == description)
            #expect(outcome.headers[.contentType] == "application/fhir+json")
        }
    }
}
