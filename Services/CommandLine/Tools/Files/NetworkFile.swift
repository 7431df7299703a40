import LedgerProtocol

/// Reads the files from which a verifier knows a network.
enum NetworkFile {
    /// The history of a network by its genesis file and, if it has changed, the file of its changes.
    ///
    /// - Throws: `FileFault`, `GenesisFault` or `VerificationFailure`.
    static func history(genesis: String, changes: String?) throws -> NetworkHistory {
        let genesis = try Genesis(parsing: FileBytes.read(genesis))
        guard let changes else { return NetworkHistory(genesis) }
        return try NetworkHistory(
            genesis, changes: NetworkChangeList(parsing: FileBytes.read(changes)))
    }
}
