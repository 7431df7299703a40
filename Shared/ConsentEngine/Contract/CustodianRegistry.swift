/// What a custodian has registered, and how contracts that bind it are read.
package struct CustodianRegistry: Hashable, Sendable {
    /// The policy URIs that contracts may refer to, compared byte for byte.
    package let policies: Set<String>
    /// The code systems of purposes beside v3-ActReason; their codes have no hierarchy.
    package let purposeSystems: Set<String>
    /// The zone in which dates without zone are read.
    package let zone: ZoneRules

    /// States what is registered.
    package init(policies: Set<String>, purposeSystems: Set<String> = [], zone: ZoneRules = .utc) {
        self.policies = policies
        self.purposeSystems = purposeSystems
        self.zone = zone
    }

    /// States what is registered, with the zone read from its compiled form.
    ///
    /// - Parameters:
    ///   - zoneName: the IANA name, such as `Europe/Berlin`.
    ///   - zoneFile: the TZif bytes of the zone; nil for UTC.
    /// - Throws: `ZoneRulesRefusal` when the bytes are no zone.
    package init(
        policies: Set<String>, purposeSystems: Set<String>, zoneName: String, zoneFile: [UInt8]?
    ) throws(ZoneRulesRefusal) {
        let zone = if let zoneFile { try ZoneRules(name: zoneName, tzif: zoneFile) } else { ZoneRules.utc }
        self.init(policies: policies, purposeSystems: purposeSystems, zone: zone)
    }
}
