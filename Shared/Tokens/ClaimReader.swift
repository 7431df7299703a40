import Cryptography
import Model

/// Reads the members of a JSON object by kind, with refusals that name the member.
struct ClaimReader {
    /// The last second that is accepted as a date: the end of the year 9999.
    private static let secondsMax: Int64 = 253_402_300_799

    private let object: JSONValue

    init(_ object: JSONValue) { self.object = object }

    /// The names of all members.
    var names: [String] { object.members?.map(\.name) ?? [] }

    /// Returns a needed text of 1 to 512 bytes without control characters.
    func text(_ name: String, bytesMax: Int = TokenLimits.textBytesMax) throws(TokenRefusal) -> String {
        guard let text = try optionalText(name, bytesMax: bytesMax) else { throw .missingClaim(name) }
        return text
    }

    /// Returns a text, nil when it is absent; `null` is no text.
    func optionalText(
        _ name: String, bytesMax: Int = TokenLimits.textBytesMax
    ) throws(TokenRefusal) -> String? {
        guard let value = object[name] else { return nil }
        guard let text = value.string, Self.isPlain(text, bytesMax: bytesMax) else {
            throw .invalidClaim(name)
        }
        return text
    }

    /// Returns a needed list of texts.
    func texts(_ name: String, count: ClosedRange<Int>) throws(TokenRefusal) -> [String] {
        guard let value = object[name] else { throw .missingClaim(name) }
        guard let elements = value.array, count.contains(elements.count) else { throw .invalidClaim(name) }
        var texts: [String] = []
        for element in elements {
            guard let text = element.string, Self.isPlain(text, bytesMax: TokenLimits.textBytesMax),
                !texts.contains(text)
            else { throw .invalidClaim(name) }
            texts.append(text)
        }
        return texts
    }

    /// Returns a needed participant id.
    func participant(_ name: String) throws(TokenRefusal) -> ParticipantID {
        guard let id = ParticipantID(try text(name)) else { throw .invalidClaim(name) }
        return id
    }

    /// Returns a participant id, nil when it is absent.
    func optionalParticipant(_ name: String) throws(TokenRefusal) -> ParticipantID? {
        guard let text = try optionalText(name) else { return nil }
        guard let id = ParticipantID(text) else { throw .invalidClaim(name) }
        return id
    }

    /// Returns bytes in padded Base64, nil when they are absent.
    func optionalBytes(_ name: String) throws(TokenRefusal) -> [UInt8]? {
        guard let text = try optionalText(name) else { return nil }
        guard let bytes = Base64.decode(text) else { throw .invalidClaim(name) }
        return bytes
    }

    /// Returns a needed date in whole seconds (RFC 7519 `NumericDate` without a fraction).
    func date(_ name: String) throws(TokenRefusal) -> Timestamp {
        guard let date = try optionalDate(name) else { throw .missingClaim(name) }
        return date
    }

    /// Returns a date, nil when it is absent.
    func optionalDate(_ name: String) throws(TokenRefusal) -> Timestamp? {
        guard let value = object[name] else { return nil }
        guard let seconds = value.int64, (0...Self.secondsMax).contains(seconds) else {
            throw .invalidClaim(name)
        }
        return Timestamp(seconds: seconds)
    }

    /// Returns a needed number from zero upwards.
    func count(_ name: String) throws(TokenRefusal) -> UInt64 {
        guard let value = object[name] else { throw .missingClaim(name) }
        guard let number = value.int64, number >= 0 else { throw .invalidClaim(name) }
        return UInt64(number)
    }

    /// Returns a needed object.
    func nested(_ name: String) throws(TokenRefusal) -> ClaimReader {
        guard let value = object[name] else { throw .missingClaim(name) }
        guard value.members != nil else { throw .invalidClaim(name) }
        return ClaimReader(value)
    }

    /// Returns a needed list of objects.
    func objects(_ name: String, countMax: Int) throws(TokenRefusal) -> [ClaimReader] {
        guard let value = object[name] else { throw .missingClaim(name) }
        guard let elements = value.array, elements.count <= countMax,
            elements.allSatisfy({ $0.members != nil })
        else { throw .invalidClaim(name) }
        return elements.map { ClaimReader($0) }
    }

    /// Says whether a text has 1 to `bytesMax` bytes and no control character.
    static func isPlain(_ text: String, bytesMax: Int) -> Bool {
        let count = text.utf8.count
        return count > 0 && count <= bytesMax
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }
}

extension ClaimReader {
    /// The claims that every assertion and token states: its id, its end and optionally its begin.
    struct Validity {
        let id: String
        let expiresAt: Timestamp
        let issuedAt: Timestamp?
    }

    /// Checks audience and time window.
    ///
    /// - Throws: `TokenRefusal` for another audience, a token dated ahead, too long or over.
    func validity(audience: String, now: Timestamp) throws(TokenRefusal) -> Validity {
        // One text, never a list: a token with two audiences could be carried from one to the other.
        guard try text("aud") == audience else { throw .wrongAudience }
        let id = try text("jti", bytesMax: TokenLimits.identifierBytesMax)
        let expiresAt = try date("exp")
        let issuedAt = try optionalDate("iat")
        let latestBegin = now.seconds + TokenLimits.clockSkewSeconds
        for begin in [issuedAt, try optionalDate("nbf")] {
            if let begin, begin.seconds > latestBegin { throw .notYetValid }
        }
        guard expiresAt.seconds > now.seconds - TokenLimits.clockSkewSeconds else { throw .expired }
        // Without `iat` the lifetime is measured from now, so that no assertion can be stored up.
        let begin = issuedAt?.seconds ?? latestBegin
        guard expiresAt.seconds - begin <= TokenLimits.lifetimeSecondsMax,
            expiresAt.seconds - latestBegin <= TokenLimits.lifetimeSecondsMax
        else { throw .lifetimeTooLong }
        return Validity(id: id, expiresAt: expiresAt, issuedAt: issuedAt)
    }
}

extension JSONValue {
    /// A date as RFC 7519 writes it.
    static func seconds(_ time: Timestamp) -> JSONValue { .number(JSONNumber(time.seconds)) }

    /// A participant id as text.
    static func id(_ id: ParticipantID) -> JSONValue { .string(id.description) }

    /// An object without the members whose value is nil.
    static func compact(_ members: [(String, JSONValue?)]) -> JSONValue {
        .object(members.compactMap { name, value in value.map { JSONMember(name: name, value: $0) } })
    }
}
