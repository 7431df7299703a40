import ConsentEngine
import Foundation
import Testing

@Suite struct ZoneRulesTests {
    /// A zone file of the system, or a made one: version, transitions, types, footer.
    static func tzif(
        version: Character = "2", transitions: [(Int64, UInt8)] = [], offsets: [Int32] = [0],
        leapCount: UInt32 = 0, footer: String? = ""
    ) -> [UInt8] {
        func big(_ value: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: value.bigEndian, Array.init)
        }
        func block(_ isWide: Bool, _ transitions: [(Int64, UInt8)], _ leapCount: UInt32) -> [UInt8] {
            var bytes = Array("TZif".utf8) + [version == "1" ? 0 : version.asciiValue ?? 0]
            bytes += [UInt8](repeating: 0, count: 15) + big(UInt32(0)) + big(UInt32(0)) + big(leapCount)
            bytes += big(UInt32(transitions.count)) + big(UInt32(offsets.count)) + big(UInt32(4))
            for (time, _) in transitions {
                bytes += isWide ? big(time) : big(Int32(truncatingIfNeeded: time))
            }
            bytes += transitions.map(\.1)
            for offset in offsets { bytes += big(offset) + [0, 0] }
            return bytes + Array("ABC".utf8) + [0]
        }
        if version == "1" { return block(false, transitions, leapCount) }
        let footerBytes = footer.map { Array("\n\($0)\n".utf8) } ?? []
        return block(false, [], 0) + block(true, transitions, leapCount) + footerBytes
    }

    static func zone(_ bytes: [UInt8]) throws -> ZoneRules { try ZoneRules(name: "made", tzif: bytes) }

    static func span(_ text: String, _ zone: ZoneRules) -> String {
        guard let range = FHIRDateTime.milliseconds(of: text, zone: zone) else { return "nil" }
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return [range.lowerBound, range.upperBound]
            .map { Date(timeIntervalSince1970: Double($0) / 1_000).formatted(format) }
            .joined(separator: " ")
    }

    static let folder = "/usr/share/zoneinfo"
    static let hasZones = FileManager.default.fileExists(atPath: "\(folder)/Europe/Berlin")

    static func system(_ name: String) throws -> ZoneRules {
        try ZoneRules(name: name, tzif: [UInt8](Data(contentsOf: URL(filePath: "\(folder)/\(name)"))))
    }

    static let known: [(String, String, String)] = [
        ("Europe/Berlin", "2024-03-31", "2024-03-30T23:00:00.000Z 2024-03-31T21:59:59.999Z"),
        ("Europe/Berlin", "2024-10-27", "2024-10-26T22:00:00.000Z 2024-10-27T22:59:59.999Z"),
        ("Europe/Berlin", "2099-07-01", "2099-06-30T22:00:00.000Z 2099-07-01T21:59:59.999Z"),
        ("Europe/Berlin", "2024", "2023-12-31T23:00:00.000Z 2024-12-31T22:59:59.999Z"),
        ("Europe/Berlin", "2024-07", "2024-06-30T22:00:00.000Z 2024-07-31T21:59:59.999Z"),
        ("Europe/Berlin", "1890-01-01", "1889-12-31T23:06:32.000Z 1890-01-01T23:06:31.999Z"),
        ("America/New_York", "2024-03-10", "2024-03-10T05:00:00.000Z 2024-03-11T03:59:59.999Z"),
        ("America/New_York", "2050-11-06", "2050-11-06T04:00:00.000Z 2050-11-07T04:59:59.999Z"),
        ("Asia/Kolkata", "2024-01-01", "2023-12-31T18:30:00.000Z 2024-01-01T18:29:59.999Z"),
        ("Australia/Lord_Howe", "2024-04-07", "2024-04-06T13:00:00.000Z 2024-04-07T13:29:59.999Z"),
        ("Australia/Lord_Howe", "2060-10-03", "2060-10-02T13:30:00.000Z 2060-10-03T12:59:59.999Z"),
        // Clocks went from 00:00 to 01:00: the day begins with the jump.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00.000Z 2018-11-05T01:59:59.999Z"),
        ("America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00.000Z 2018-02-18T02:59:59.999Z"),
        // Clocks went from 00:01 back to 23:01: 2005-10-30 was shown for a minute, then again.
        ("America/St_Johns", "2005-10-30", "2005-10-30T02:30:00.000Z 2005-10-31T03:29:59.999Z"),
        ("America/St_Johns", "2005-10-29", "2005-10-29T02:30:00.000Z 2005-10-30T03:29:59.999Z"),
        ("Pacific/Apia", "2011-12-30", "nil"),
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00.000Z 2011-12-30T09:59:59.999Z"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00.000Z 2011-12-31T09:59:59.999Z"),
        ("UTC", "2024-02-29", "2024-02-29T00:00:00.000Z 2024-02-29T23:59:59.999Z"),
    ]

    @Test(.enabled(if: hasZones, "/usr/share/zoneinfo is absent"), arguments: known)
    func readsDatesAsTheClocksOfTheZoneShowedThem(_ name: String, _ date: String, _ expected: String) throws {
        #expect(Self.span(date, try Self.system(name)) == expected)
    }

    /// Foundation has tables and code of its own. From 1970 on the two agree, but for zones whose law changed
    /// between the two editions: few.
    @Test(.enabled(if: hasZones, "/usr/share/zoneinfo is absent"))
    func agreesWithFoundationFrom1970On() throws {
        var compared = 0
        var different: Set<String> = []
        for name in TimeZone.knownTimeZoneIdentifiers {
            guard let zone = try? Self.system(name), let other = TimeZone(identifier: name) else { continue }
            for seconds in stride(from: Int64(0), to: 6_000_000_000, by: 23_456_789) {
                let expected = other.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
                compared += 1
                if zone.offsetSeconds(at: seconds) != Int64(expected) { different.insert(name) }
            }
        }
        #expect(compared > 100_000)
        #expect(different.count <= 12, "\(different.sorted())")
    }

    @Test(.enabled(if: hasZones, "/usr/share/zoneinfo is absent"))
    func readsEveryZoneAndItsDaysFollowEachOther() throws {
        for name in TimeZone.knownTimeZoneIdentifiers {
            let zone = try Self.system(name)
            var previous: ClosedRange<Int64>?
            for year in stride(from: 1_880, through: 2_120, by: 1) {
                guard let span = FHIRDateTime.milliseconds(of: "\(year)", zone: zone) else {
                    Issue.record("\(name) has no year \(year)")
                    return
                }
                if let previous, span.lowerBound > previous.upperBound + 1 {
                    Issue.record("\(name) leaves a hole before \(year)")
                }
                previous = span
            }
        }
    }

    @Test func takesAMadeZoneOfEachVersion() throws {
        for version in ["1", "2", "3", "4"] as [Character] {
            let zone = try Self.zone(
                Self.tzif(version: version, transitions: [(0, 1), (86_400, 0)], offsets: [3_600, -7_200]))
            let offsets = [-1, 0, 86_399, 86_400].map { zone.offsetSeconds(at: $0) }
            #expect(offsets == [3_600, -7_200, -7_200, 3_600], "version \(version)")
        }
    }

    @Test func usesTheFooterAfterTheLastTransitionAndAloneWhereThereIsNone() throws {
        let footer = "<+0030>-0:30<+0130>,M3.2.0/2:30,M11.1.0/-1"
        let alone = try Self.zone(Self.tzif(version: "3", footer: footer))
        let after = try Self.zone(
            Self.tzif(version: "3", transitions: [(1_700_000_000, 0)], offsets: [60], footer: footer))
        // 2024-03-10T02:30+00:30 and 2024-11-02T23:00+01:30.
        let times: [Int64] = [1_710_034_199, 1_710_034_200, 1_710_037_800, 1_730_583_000, 1_730_582_999]
        #expect(times.map { alone.offsetSeconds(at: $0) } == [1_800, 1_800, 5_400, 1_800, 5_400])
        let late = times.map { after.offsetSeconds(at: $0) }
        #expect(late == [60, 60, 5_400, 1_800, 5_400])
        #expect(after.offsetSeconds(at: 1_699_999_999) == 60)
        #expect(try Self.zone(Self.tzif(footer: "EST5")).offsetSeconds(at: 0) == -18_000)
    }

    static let refused: [(String, ZoneRulesRefusal, [UInt8])] = [
        ("nothing", .notTZif, []), ("text", .notTZif, Array(repeating: 0x20, count: 100)),
        ("version 5", .unknownVersion(0x35), tzif(version: "5")),
        ("long", .tooLong(byteCount: 70_000), Array(repeating: 0, count: 70_000)),
        ("leap seconds", .leapSeconds, tzif(leapCount: 1)), ("no footer", .truncated, tzif(footer: nil)),
        ("cut", .truncated, Array(tzif().prefix(100))),
        ("disorder", .malformed("transitions"), tzif(transitions: [(5, 0), (5, 0)])),
        ("index", .malformed("type of a transition"), tzif(transitions: [(5, 1)])),
        ("offset", .malformed("offset"), tzif(offsets: [100_000])),
        ("no types", .malformed("types"), tzif(offsets: [])),
        ("more", .malformed("end"), tzif() + [0]),
        ("Julian days", .unknownFooter("A3B,J60,J300"), tzif(footer: "A3B,J60,J300")),
        ("no rule", .unknownFooter("EST5EDT"), tzif(footer: "EST5EDT")),
        ("day 7", .unknownFooter("AAA0BBB,M1.1.7,M2.1.0"), tzif(footer: "AAA0BBB,M1.1.7,M2.1.0")),
        ("hour 168", .unknownFooter("AAA0BBB,M1.1.0/168,M2.1.0"), tzif(footer: "AAA0BBB,M1.1.0/168,M2.1.0")),
    ]

    @Test(arguments: refused)
    func refuses(_ name: String, _ refusal: ZoneRulesRefusal, _ bytes: [UInt8]) {
        #expect(throws: refusal) { try Self.zone(bytes) }
        #expect(!refusal.description.isEmpty)
    }

    @Test func noByteOfAZoneFileCanTrap() {
        let whole = Self.tzif(
            version: "3", transitions: [(0, 1), (86_400, 0)], offsets: [3_600, 0],
            footer: "AAA0BBB,M3.2.0,M11.1.0")
        for index in whole.indices {
            for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                var bytes = whole
                bytes[index] = value
                let zone = try? Self.zone(bytes)
                _ = zone.flatMap { FHIRDateTime.milliseconds(of: "2024-03-10", zone: $0) }
                _ = try? Self.zone(Array(whole.prefix(index)))
            }
        }
    }
}
