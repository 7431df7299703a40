import ConsentCore
import Cryptography
import HTTPTypes
import LedgerProtocol
import ServiceHost
package import ServiceRuntime
import Tokens

extension ConsentService {
    /// Every operation of the service; `openapi.yaml` describes the same.
    ///
    /// - Throws: `ConfigurationError` when genesis names no identity service with a token key.
    package var routes: [Route] {
        get throws(ConfigurationError) {
            let authenticator = try host.identityTokenAuthenticator()
            let table = ContractTable(eventStore: host.eventStore, registry: policies.registry)
            let contracts = ContractHandler(service: self, authenticator: authenticator, contracts: table)
            let access = AccessHandler(service: self, contracts: table)
            let decisions = DecisionHandler(host: host, authenticator: authenticator)
            return [
                .post("/fhir/Consent", maxBodyBytes: SignedConsent.bodyBytesMax, handler: contracts.submit),
                .put(
                    "/fhir/Consent/{id}", maxBodyBytes: SignedConsent.bodyBytesMax,
                    handler: contracts.revoke),
                .get("/fhir/Consent/{id}", handler: contracts.read),
                .get("/fhir/Consent/{id}/_history/{number}", handler: contracts.read),
                .get("/contracts/{id}", handler: contracts.status),
                .post(OAuth.tokenPath, maxBodyBytes: DecideAccess.bodyBytesMax, handler: access.exchange),
                .get("/decisions", handler: decisions.list),
                .get("/decisions/{id}", handler: decisions.show),
                .get(OAuth.keySetPath, handler: keySet),
                .get(OAuth.metadataPath, handler: metadata),
            ]
        }
    }

    /// Outsiders may keep keys and metadata this long; services of the suite take keys from genesis.
    private static let publicCaching: HTTPFields = [.cacheControl: "public, max-age=300"]

    @Sendable private func keySet(_ request: ServiceRequest) async throws -> ServiceResponse {
        .json(.ok, JSONWebKeySet(keys: [signer.publicKey]).json, headers: Self.publicCaching)
    }

    @Sendable private func metadata(_ request: ServiceRequest) async throws -> ServiceResponse {
        .json(
            .ok,
            OAuth.metadata(
                issuer: authority.issuer, grantTypes: [.tokenExchange],
                authorizationDetailsTypes: [RecordAccessDetails.type]),
            headers: Self.publicCaching)
    }
}
