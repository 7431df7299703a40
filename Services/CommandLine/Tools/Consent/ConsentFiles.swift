import ConsentEngine
import Cryptography
import Foundation
import LedgerProtocol
import Model

/// Reads contracts from files: a FHIR Consent, or the event in which `consent` recorded one.
enum ConsentFiles {
    /// A document with its exact bytes.
    struct Document {
        let bytes: [UInt8]
        let json: JSONValue

        /// SHA-256 of the bytes in hexadecimal.
        var version: String { SHA256.hash(bytes).hex }
    }

    /// Reads one file.
    ///
    /// - Throws: `FileFault`; `ConsentFileFault` when it is neither.
    static func document(_ path: String) throws -> Document {
        let bytes = try FileBytes.read(path)
        let json = try JSONValue(parsing: bytes)
        if json["resourceType"]?.string == "Consent" { return Document(bytes: bytes, json: json) }
        guard let data = try? eventData(json),
            let signed = data["document"]?.string.flatMap({ Base64.decode($0) })
        else { throw ConsentFileFault.noConsent(path) }
        return Document(bytes: signed, json: try JSONValue(parsing: signed))
    }

    /// Reads the data of an event as disclosed, such as `walk` writes them.
    static func eventData(_ disclosure: JSONValue) throws -> JSONValue {
        guard let data = disclosure["payload"]?["data"] else { throw ConsentFileFault.noEvent }
        return data
    }

    /// Compiles a file as a contract of its own name.
    ///
    /// - Throws: also `ContractRefusal`, naming the element.
    static func contract(_ path: String, registry: CustodianRegistry) throws -> CompiledContract {
        let document = try document(path)
        return try ContractCompiler.compile(
            document.json, id: URL(filePath: path).deletingPathExtension().lastPathComponent,
            version: document.version, registry: registry)
    }

    /// What a network has registered, or what holds without one: the policies of IHE PCF, and UTC.
    struct Registered {
        let registry: CustodianRegistry
        let implicit: ImplicitPolicy
        /// How decisions of the network name it; nil without a genesis.
        let versions: [PolicyVersion]?
    }

    /// Reads what a genesis file registers.
    static func registered(genesis path: String?) throws -> Registered {
        let genesis = try path.map { try Genesis(parsing: FileBytes.read($0)) }
        let policies = genesis?.policies ?? .standard
        guard let implicit = ImplicitPolicy(rawValue: policies.implicit) else {
            throw ConsentFileFault.unknownPolicy(policies.implicit)
        }
        let isUTC = policies.timeZone == GenesisPolicies.timeZoneDefault
        let folder = ProcessInfo.processInfo.environment["TZDIR"] ?? "/usr/share/zoneinfo"
        let zoneFile = isUTC ? nil : try FileBytes.read("\(folder)/\(policies.timeZone)")
        return Registered(
            registry: try CustodianRegistry(
                policies: Set(policies.registered), purposeSystems: Set(policies.purposeSystems),
                zoneName: policies.timeZone, zoneFile: zoneFile),
            implicit: implicit,
            versions: genesis.map { genesis in
                PolicyVersion.registered(
                    implicit, genesis: genesis.networkID.hex, zoneName: policies.timeZone,
                    zoneFileHash: zoneFile.map { SHA256.hash($0).hex })
            })
    }
}

/// Says why a file is not what a command needs.
enum ConsentFileFault: Error, CustomStringConvertible {
    case noConsent(String)
    case noEvent
    case noDecision
    case unknownPolicy(String)
    case otherPolicies(String)

    var description: String {
        switch self {
        case .noConsent(let path):
            "`\(path)` is neither a FHIR Consent nor an event with one; give one of them"
        case .noEvent: "file is no event as it is disclosed; give the one that lies beside the receipt"
        case .noDecision: "event is no access decision; give one of the type access.decided.v1"
        case .otherPolicies(let uri):
            "decision was made under another version of `\(uri)`; give the genesis of its network, and for a "
                + "time zone its file of that day by `TZDIR`"
        case .unknownPolicy(let uri): "policy `\(uri)` is unknown here; use the release that made the genesis"
        }
    }
}
