package import Cryptography
package import Model

/// Changes to the network with the signatures of the organisations that want them.
///
/// It is canonical JSON (RFC 8785) and the payload of a public entry. It names the network, the state that
/// it replaces and the last height at which it may be in a block, so it takes effect once or never.
package struct GovernanceDocument: Hashable, Sendable {
    /// One organisation's signature.
    package struct Approval: Hashable, Sendable {
        /// Who signed.
        package let organization: ParticipantID
        /// The signature over `signedBytes`, not yet verified.
        package let signature: Signature
    }

    /// The value of the member `format`.
    package static let format = "consentry-governance-v1"
    /// The most changes of one document.
    package static let changesMax = 64

    /// The changes in the order in which they are made.
    package let changes: [GovernanceChange]
    /// The last height at which the document may be in a block.
    package let expires: BlockHeight
    /// The network that it is for.
    package let networkID: NetworkID
    /// The hash of the state that it replaces.
    package let replaces: Digest
    /// The signatures, ascending by organisation.
    package let approvals: [Approval]

    /// Drafts changes to a state; nobody has signed them yet.
    package init(_ changes: [GovernanceChange], of state: NetworkState, expires: BlockHeight) {
        self.init(
            changes: changes, expires: expires, networkID: state.networkID, replaces: state.hash,
            approvals: [])
    }

    private init(
        changes: [GovernanceChange], expires: BlockHeight, networkID: NetworkID, replaces: Digest,
        approvals: [Approval]
    ) {
        self.changes = changes
        self.expires = expires
        self.networkID = networkID
        self.replaces = replaces
        self.approvals = approvals.sorted { $0.organization < $1.organization }
    }

    /// Reads a document strictly; signatures are not verified.
    ///
    /// - Throws: `GovernanceFault` with `.malformed`.
    package init(parsing bytes: [UInt8]) throws(GovernanceFault) {
        do throws(GenesisFault) {
            self = try GovernanceDocument(document: bytes)
        } catch {
            throw GovernanceFault(.malformed, error.sentence)
        }
    }

    private init(document bytes: [UInt8]) throws(GenesisFault) {
        let noun = "governance document"
        let value: JSONValue
        let canonical: [UInt8]
        do throws(JSONError) {
            let limits = JSONLimits(depthMax: 8, bytesMax: ProtocolLimits.submissionPayloadBytesMax)
            value = try JSONValue(parsing: bytes, limits: limits)
            canonical = try value.canonicalBytes()
        } catch {
            throw GenesisFault(.notCanonical, "the \(noun) is not canonical JSON: \(error)")
        }
        guard canonical == bytes else {
            throw GenesisFault(.notCanonical, "the \(noun) is not in the canonical form of RFC 8785")
        }
        let top = try StrictObject(
            value, document: noun, path: "",
            names: ["changes", "expires", "format", "network", "replaces", "signatures"])
        guard try top.text("format") == Self.format else { throw top.wrong("format", "`\(Self.format)`") }
        let changes = try top.elements("changes") { (value, path) throws(GenesisFault) in
            try GovernanceChange(value, path: path)
        }
        guard (1...Self.changesMax).contains(changes.count) else {
            throw top.wrong("changes", "a list of 1 to \(Self.changesMax)")
        }
        let approvals = try top.elements("signatures") { (value, path) throws(GenesisFault) in
            try Self.approval(value, path, noun)
        }
        guard zip(approvals, approvals.dropFirst()).allSatisfy({ $0.organization < $1.organization }) else {
            throw top.wrong("signatures", "ascending by organisation, each once")
        }
        self.init(
            changes: changes, expires: BlockHeight(UInt64(try top.integer("expires", in: 1...(1 << 53)))),
            networkID: try top.digest("network"), replaces: try top.digest("replaces"), approvals: approvals)
    }

    private static func approval(
        _ value: JSONValue, _ path: String, _ noun: String
    ) throws(GenesisFault) -> Approval {
        let object = try StrictObject(
            value, document: noun, path: path, names: ["organization", "signature"])
        guard let bytes = Base64.decode(try object.text("signature")), let signature = Signature(bytes) else {
            throw object.wrong("signature", "the Base64 of 64 bytes")
        }
        return Approval(organization: try object.participant("organization"), signature: signature)
    }

    /// The canonical bytes of the document.
    package var bytes: [UInt8] { Self.canonicalBytes(of: json(isSigned: true)) }

    /// What organisations sign: the domain tag and the canonical bytes without the member `signatures`.
    package var signedBytes: [UInt8] {
        DomainTag.governance + Self.canonicalBytes(of: json(isSigned: false))
    }

    /// The document with one more signature; a signature of the same organisation is replaced.
    package func signed(by organization: ParticipantID, with signer: Signer) -> GovernanceDocument {
        let approval = Approval(organization: organization, signature: signer.sign(signedBytes))
        return GovernanceDocument(
            changes: changes, expires: expires, networkID: networkID, replaces: replaces,
            approvals: approvals.filter { $0.organization != organization } + [approval])
    }

    private func json(isSigned: Bool) -> JSONValue {
        var members = [
            JSONMember(name: "changes", value: .array(changes.map(\.json))),
            JSONMember(name: "expires", value: .number(JSONNumber(expires.value))),
            JSONMember(name: "format", value: .string(Self.format)),
            JSONMember(name: "network", value: .string(networkID.hex)),
            JSONMember(name: "replaces", value: .string(replaces.hex)),
        ]
        if isSigned {
            let signatures = approvals.map { approval -> JSONValue in
                [
                    "organization": .string(approval.organization.description),
                    "signature": .string(Base64.encode(approval.signature.bytes)),
                ]
            }
            members.append(JSONMember(name: "signatures", value: .array(signatures)))
        }
        return .object(members)
    }

    private static func canonicalBytes(of json: JSONValue) -> [UInt8] {
        // INVARIANT: names and values are text without lone surrogates and whole numbers below 2⁵³.
        guard let bytes = try? json.canonicalBytes() else {
            preconditionFailure("a governance document has no canonical form")
        }
        return bytes
    }
}
