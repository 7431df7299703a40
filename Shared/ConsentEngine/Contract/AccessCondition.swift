/// Something that must be so when a request comes, beside what the request itself says.
///
/// Whether it is so is an input of the evaluation: true, false or unknown. FHIR has no element for
/// conditions; a provision states each as a modifier extension, so that whoever does not know them cannot
/// pass them over.
package enum AccessCondition: Hashable, Sendable {
    /// The requester holds a verified credential of a type, still valid by its status list.
    ///
    /// - issuer: who must have issued it; nil for any issuer that the network trusts.
    case credential(type: String, issuer: String?)
    /// A care relationship to the patient is recorded, of any of these kinds.
    case careRelationship([CareRelationship])
    /// A telemedicine session is under way that both sides have joined.
    case session
    /// It is a time of the week, in the custodian's time zone.
    case timeWindow(TimeWindow)
    /// The provision has permitted fewer than this many accesses.
    case uses(max: Int)

    /// The URL of the modifier extension that states a condition.
    package static let extensionURL = "https://consentry.example/fhir/StructureDefinition/access-condition"

    /// The value of the extension's `kind`.
    package var kind: Kind {
        switch self {
        case .credential: .credential
        case .careRelationship: .careRelationship
        case .session: .session
        case .timeWindow: .timeWindow
        case .uses: .uses
        }
    }

    /// The kinds of conditions.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// See ``AccessCondition/credential(type:issuer:)``.
        case credential
        /// See ``AccessCondition/careRelationship(_:)``.
        case careRelationship = "care-relationship"
        /// See ``AccessCondition/session``.
        case session
        /// See ``AccessCondition/timeWindow(_:)``.
        case timeWindow = "time-window"
        /// See ``AccessCondition/uses(max:)``.
        case uses
    }
}

/// A kind of record that shows a care relationship.
package enum CareRelationship: String, Hashable, Sendable, CaseIterable {
    /// A referral to the requester.
    case referral
    /// An encounter with the requester.
    case encounter
    /// An appointment with the requester.
    case appointment
    /// A care team of the patient that lists the requester.
    case careTeam = "care-team"
}

/// Days of the week and minutes of the day.
package struct TimeWindow: Hashable, Sendable {
    /// Days of the week, ascending: 1 for Monday to 7 for Sunday; never empty.
    package let days: [Int]
    /// The first minute of the day, 0 to 1,439.
    package let startMinute: Int
    /// The last minute of the day, included; not before the first.
    package let endMinute: Int

    /// Takes days and minutes in any order of days; nil when there are none or they are out of range.
    package init?(days: some Sequence<Int>, startMinute: Int, endMinute: Int) {
        let days = Set(days).sorted()
        guard !days.isEmpty, days.allSatisfy((1...7).contains), (0..<1_440).contains(startMinute),
            (startMinute..<1_440).contains(endMinute)
        else { return nil }
        self.days = days
        self.startMinute = startMinute
        self.endMinute = endMinute
    }

    /// Tells whether an instant lies within.
    ///
    /// - Parameters:
    ///   - milliseconds: the instant, since 1970-01-01T00:00:00Z.
    ///   - offsetSeconds: the offset of the custodian's zone at that instant, east of UTC positive.
    package func contains(_ milliseconds: Int64, offsetSeconds: Int64) -> Bool {
        let minutes = GregorianDay.floored(milliseconds + offsetSeconds * 1_000, by: 60_000)
        let day = GregorianDay.floored(minutes, by: 1_440)
        let minute = Int(minutes - day * 1_440)
        let sunday = Int(GregorianDay.weekday(day))
        let weekday = sunday == 0 ? 7 : sunday
        return days.contains(weekday) && (startMinute...endMinute).contains(minute)
    }
}

/// What is known of a statement.
package enum Truth: UInt8, Hashable, Sendable, Comparable, CaseIterable {
    /// It is false.
    case no
    /// It cannot be told.
    case unknown
    /// It is true.
    case yes

    /// Orders from false to true, so that the lesser of two is their conjunction.
    package static func < (left: Truth, right: Truth) -> Bool { left.rawValue < right.rawValue }

    init(_ isTrue: Bool) {
        self = isTrue ? .yes : .no
    }
}
