package import ConsentEngine
import Cryptography
import Foundation
import LedgerProtocol
package import ServiceRuntime

/// The policies of the network in the form that the engine reads.
package struct NetworkPolicies: Sendable {
    /// What contracts may name, and the zone in which their dates are read.
    package let registry: CustodianRegistry
    /// The policies under which requests are decided.
    package let decision: DecisionPolicies
}

extension ServiceHost {
    /// Where time zones are found unless `TZDIR` says otherwise, as for any other program.
    private static let zoneFolderDefault = "/usr/share/zoneinfo"

    /// Reads the policies from genesis, and the network's time zone from the files of the machine.
    ///
    /// - Throws: `ConfigurationError` when this version does not know the implicit policy, or the machine
    ///   lacks the zone.
    package func networkPolicies() throws(ConfigurationError) -> NetworkPolicies {
        let policies = genesis.policies
        guard let implicit = ImplicitPolicy(rawValue: policies.implicit) else {
            throw ConfigurationError(
                variable: "CONSENTRY_GENESIS",
                reason: "names a genesis whose implicit policy is unknown here; run the version that made it")
        }
        let zoneFile = try zoneFile(policies.timeZone)
        let versions = PolicyVersion.registered(
            implicit, genesis: genesis.networkID.hex, zoneName: policies.timeZone,
            zoneFileHash: zoneFile.map { SHA256.hash($0).hex })
        let registry: CustodianRegistry
        do throws(ZoneRulesRefusal) {
            registry = try CustodianRegistry(
                policies: Set(policies.registered), purposeSystems: Set(policies.purposeSystems),
                zoneName: policies.timeZone, zoneFile: zoneFile)
        } catch {
            throw ConfigurationError(
                variable: "TZDIR", reason: "holds a `\(policies.timeZone)` that is not usable: \(error)")
        }
        return NetworkPolicies(
            registry: registry, decision: DecisionPolicies(implicit, versions: versions))
    }

    private func zoneFile(_ name: String) throws(ConfigurationError) -> [UInt8]? {
        guard name != GenesisPolicies.timeZoneDefault else { return nil }
        let folder = environment.optional("TZDIR") ?? Self.zoneFolderDefault
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else {
            throw ConfigurationError(
                variable: "TZDIR",
                reason: "names a folder without the network's zone `\(name)`; install tzdata, or correct it")
        }
        return [UInt8](data)
    }
}
