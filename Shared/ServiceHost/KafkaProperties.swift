package import ServiceRuntime

extension Environment {
    /// Reads `CONSENTRY_KAFKA_PROPERTIES`: `name=value` pairs for librdkafka.
    ///
    /// TLS, for one, is `security.protocol=ssl`.
    ///
    /// - Throws: `ConfigurationError` that names the variable.
    package func kafkaProperties() throws(ConfigurationError) -> [String: String] {
        let variable = "CONSENTRY_KAFKA_PROPERTIES"
        var properties: [String: String] = [:]
        for pair in try list(variable, default: []) {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else {
                throw ConfigurationError(
                    variable: variable, reason: "is no list of `name=value` pairs; correct it")
            }
            properties[String(parts[0])] = String(parts[1])
        }
        return properties
    }
}
