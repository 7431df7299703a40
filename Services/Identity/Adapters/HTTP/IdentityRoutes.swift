import Cryptography
import HTTPTypes
import IdentityCore
import LedgerProtocol
import ServiceHost
package import ServiceRuntime
import Tokens

extension IdentityService {
    /// Every operation of the service; `openapi.yaml` describes the same.
    package var routes: [Route] {
        let participants = ParticipantTable(eventStore: host.eventStore)
        let enrolment = EnrolmentHandler(
            host: host, participants: participants, finalityWaitMilliseconds: finalityWaitMilliseconds)
        let token = TokenHandler(host: host, participants: participants, signer: signer, budget: budget)
        return [
            .post("/enrolments", maxBodyBytes: EnrolParticipant.bodyBytesMax, handler: enrolment.enrol),
            .get("/enrolments/{id}", handler: enrolment.status),
            .post(OAuth.tokenPath, maxBodyBytes: IssueIdentityToken.bodyBytesMax, handler: token.issue),
            .get(OAuth.keySetPath, handler: keySet),
            .get(OAuth.metadataPath, handler: metadata),
        ]
    }

    /// Outsiders may keep keys and metadata this long; services of the suite take keys from genesis.
    private static let publicCaching: HTTPFields = [.cacheControl: "public, max-age=300"]

    @Sendable private func keySet(_ request: ServiceRequest) async throws -> ServiceResponse {
        .json(.ok, JSONWebKeySet(keys: [signer.publicKey]).json, headers: Self.publicCaching)
    }

    @Sendable private func metadata(_ request: ServiceRequest) async throws -> ServiceResponse {
        .json(
            .ok,
            OAuth.metadata(issuer: host.service.url, grantTypes: [.clientCredentials, .userAssertion]),
            headers: Self.publicCaching)
    }
}
