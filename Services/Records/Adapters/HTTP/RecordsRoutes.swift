import RecordsCore
package import ServiceRuntime

extension RecordsService {
    /// Milliseconds for reading and storing a Bundle of the largest size.
    private static let storeTimeoutMilliseconds = 30_000

    /// Every operation of the service; `openapi.yaml` describes the same.
    ///
    /// - Parameter isFresh: whether the views of `identity` and `consent` are recent enough to release.
    package func routes(isFresh: @escaping @Sendable () -> Bool) -> [Route] {
        let store = StoreHandler(service: self, isFresh: isFresh)
        let read = ReadHandler(service: self, isFresh: isFresh)
        return [
            .post(
                "/fhir/Patient/{id}/$store", maxBodyBytes: SplitBundle.bytesMax,
                timeoutMilliseconds: Self.storeTimeoutMilliseconds, admission: store.admit,
                handler: store.store),
            .get("/fhir/Patient/{id}/$everything", handler: read.everything),
            // The vault holds no Patient, and a path of its own keeps this from hiding behind the two above.
            .get("/fhir/Patient/{id}", handler: read.patient),
            .get("/fhir/{type}/{id}", handler: read.resource),
        ]
    }
}
