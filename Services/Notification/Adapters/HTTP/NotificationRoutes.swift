import ServiceHost
package import ServiceRuntime

extension NotificationService {
    /// Every operation of the service; `openapi.yaml` describes the same.
    package var routes: [Route] {
        let inbox = InboxHandler(
            pool: host.pool, participants: participants, notices: notices, authenticator: authenticator)
        return [
            .get("/inbox", timeoutMilliseconds: InboxHandler.timeoutMilliseconds, handler: inbox.list),
            .get("/inbox/{id}", handler: inbox.show),
        ]
    }
}
