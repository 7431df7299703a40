package import Model

/// Says why the `authorization_details` of a token request are refused; answer it as
/// `invalid_authorization_details`.
package enum RecordAccessDetailsRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The parameter is not a JSON array of exactly one object.
    case malformed
    /// The object's `type` is not ``RecordAccessDetails/type``.
    case wrongType
    /// The object holds a member that the type does not define.
    case unknownMember
    /// A needed member is absent.
    case missingMember(String)
    /// A member is of the wrong form or out of bounds.
    case invalidMember(String)

    /// The refusal in words, with what to do next.
    package var description: String {
        switch self {
        case .malformed: "`authorization_details` is not a JSON array of one object; send one access request"
        case .wrongType: "`type` of the authorization details is not known; set `\(RecordAccessDetails.type)`"
        case .unknownMember:
            "authorization details hold a member that their type does not define; leave it out"
        case .missingMember(let name): "`\(name)` is missing in the authorization details; state it"
        case .invalidMember(let name): "`\(name)` of the authorization details has a wrong form; correct it"
        }
    }
}

/// An access request in the form of RFC 9396: whose records, where, for what.
package struct RecordAccessDetails: Hashable, Sendable {
    /// The `type` of these authorization details.
    package static let type = "https://consentry.example/record-access"
    /// How many purposes one request may name; each is decided on its own.
    package static let purposeCountMax = 8
    /// The longest description of a care relationship.
    package static let relationshipBytesMax = 256
    /// The longest `authorization_details` parameter that is read.
    package static let parameterBytesMax = 8_192
    private static let memberNames: Set<String> = [
        "type", "patient", "custodian", "purposes", "resourceTypes", "relationship",
    ]

    /// The patient whose records are asked for.
    package let patient: ParticipantID
    /// The organisation that holds the records.
    package let custodian: ParticipantID
    /// The purposes of use, codes of v3-ActReason, at least one and each once.
    package let purposes: [String]
    /// The FHIR resource types; empty for all, in which case the member is left out.
    package let resourceTypes: [String]
    /// The care relationship in the requester's words.
    package let relationship: String?

    /// States an access request.
    package init(
        patient: ParticipantID, custodian: ParticipantID, purposes: [String], resourceTypes: [String] = [],
        relationship: String? = nil
    ) {
        self.patient = patient
        self.custodian = custodian
        self.purposes = purposes
        self.resourceTypes = resourceTypes
        self.relationship = relationship
    }

    /// Reads the parameter `authorization_details` of a token request.
    ///
    /// - Throws: `RecordAccessDetailsRefusal`.
    package init(parsing parameter: String) throws(RecordAccessDetailsRefusal) {
        let bytes = Array(parameter.utf8)
        let limits = JSONLimits(depthMax: 4, bytesMax: Self.parameterBytesMax)
        guard let value = try? JSONValue(parsing: bytes, limits: limits), let elements = value.array,
            elements.count == 1, let element = elements.first
        else { throw .malformed }
        try self.init(element)
    }

    private init(_ element: JSONValue) throws(RecordAccessDetailsRefusal) {
        guard let members = element.members else { throw .malformed }
        guard element["type"]?.string == Self.type else { throw .wrongType }
        guard members.allSatisfy({ Self.memberNames.contains($0.name) }) else { throw .unknownMember }
        patient = try Self.participant("patient", in: element)
        custodian = try Self.participant("custodian", in: element)
        guard element["purposes"] != nil else { throw .missingMember("purposes") }
        purposes = try Self.codes("purposes", in: element, countMax: Self.purposeCountMax)
        resourceTypes = try Self.codes("resourceTypes", in: element, countMax: TokenLimits.listCountMax)
        switch element["relationship"] {
        case nil: relationship = nil
        case .string(let text) where ClaimReader.isPlain(text, bytesMax: Self.relationshipBytesMax):
            relationship = text
        default: throw .invalidMember("relationship")
        }
    }

    /// The request as one element of `authorization_details`.
    package var json: JSONValue { json(granting: purposes, extra: []) }

    /// The request as the parameter's text: an array of one element.
    package var parameter: String { String(decoding: JSONValue.array([json]).encoded(), as: UTF8.self) }

    /// Returns the element that a token response carries: what was granted, and where the ledger says so.
    package func granted(purposes: [String], decision: EntryID, entryIndex: UInt64) -> JSONValue {
        json(
            granting: purposes,
            extra: [
                ("decision", .string(decision.description)),
                ("entry", ["id": .string(decision.description), "index": .number(JSONNumber(entryIndex))]),
            ])
    }

    private func json(granting purposes: [String], extra: [(String, JSONValue?)]) -> JSONValue {
        let types: JSONValue? = resourceTypes.isEmpty ? nil : .array(resourceTypes.map { .string($0) })
        return .compact(
            [
                ("type", .string(Self.type)), ("patient", .id(patient)), ("custodian", .id(custodian)),
                ("purposes", .array(purposes.map { .string($0) })), ("resourceTypes", types),
                ("relationship", relationship.map { .string($0) }),
            ] + extra)
    }

    private static func participant(
        _ name: String, in element: JSONValue
    ) throws(RecordAccessDetailsRefusal) -> ParticipantID {
        guard let value = element[name] else { throw .missingMember(name) }
        guard let text = value.string, let id = ParticipantID(text) else { throw .invalidMember(name) }
        return id
    }

    /// Reads a list of distinct codes, at least one; an absent member gives none.
    private static func codes(
        _ name: String, in element: JSONValue, countMax: Int
    ) throws(RecordAccessDetailsRefusal) -> [String] {
        guard let value = element[name] else { return [] }
        guard let elements = value.array, (1...countMax).contains(elements.count) else {
            throw .invalidMember(name)
        }
        var codes: [String] = []
        for element in elements {
            guard let code = element.string, isCode(code), !codes.contains(code) else {
                throw .invalidMember(name)
            }
            codes.append(code)
        }
        return codes
    }

    /// Codes of purposes and resource types are ASCII letters, digits and hyphens.
    private static func isCode(_ text: String) -> Bool {
        let isWord = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return isWord && (1...64).contains(text.utf8.count)
    }
}
