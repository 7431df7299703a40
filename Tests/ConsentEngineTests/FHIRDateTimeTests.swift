import ConsentEngine
import Testing

@Suite struct FHIRDateTimeTests {
    static let valid: [(String, Int64, Int64)] = [
        ("1970", 0, 31_535_999_999), ("1970-01", 0, 2_678_399_999), ("1970-01-01", 0, 86_399_999),
        ("2022-12-31", 1_672_444_800_000, 1_672_531_199_999),
        ("2024-02-29", 1_709_164_800_000, 1_709_251_199_999),
        ("2000-02", 949_363_200_000, 951_868_799_999), ("1969-12-31", -86_400_000, -1),
        ("2022-12", 1_669_852_800_000, 1_672_531_199_999),
        ("0001-01-01", -62_135_596_800_000, -62_135_510_400_001),
        ("2022-09-01T10:00:00Z", 1_662_026_400_000, 1_662_026_400_999),
        ("2022-09-01T10:00:00+02:00", 1_662_019_200_000, 1_662_019_200_999),
        ("2022-09-01T10:00:00-05:30", 1_662_046_200_000, 1_662_046_200_999),
        ("2022-09-01T10:00:00.5Z", 1_662_026_400_500, 1_662_026_400_599),
        ("2022-09-01T10:00:00.123Z", 1_662_026_400_123, 1_662_026_400_123),
        ("2022-09-01T10:00:00.123000Z", 1_662_026_400_123, 1_662_026_400_123),
        ("2022-12-31T23:59:60Z", 1_672_531_200_000, 1_672_531_200_999),
    ]

    @Test(arguments: valid)
    func coversItsPrecision(_ text: String, _ first: Int64, _ last: Int64) {
        #expect(FHIRDateTime.milliseconds(of: text) == first...last)
    }

    @Test(arguments: [
        "", "22", "0000", "2022-", "2022-13", "2022-00", "2022-1", "2022-02-29", "1900-02-29", "2022-04-31",
        "2022-09-01T", "2022-09-01T10:00", "2022-09-01T10:00Z", "2022-09-01T10:00:00", "2022-09-01T24:00:00Z",
        "2022-09-01T10:60:00Z", "2022-09-01T10:00:61Z", "2022-09-01T10:00:00.Z", "2022-09-01T10:00:00+15:00",
        "2022-09-01T10:00:00+14:01", "2022-09-01 10:00:00Z", "2022-09-01Z", "+2022", "2022-09-01T10:00:00Zx",
        "２０２２", "20220901", "2022-09-01T10:00:00z",
    ])
    func refuses(_ text: String) {
        #expect(FHIRDateTime.milliseconds(of: text) == nil)
    }

    @Test func readsDatesInTheZoneGiven() {
        let hour: Int64 = 3_600_000
        let zone = ZoneRules(name: "+01", initialOffsetSeconds: 3_600)
        #expect(FHIRDateTime.milliseconds(of: "1970-01-01", zone: zone)?.lowerBound == -hour)
        let zoned = FHIRDateTime.milliseconds(of: "1970-01-01T00:00:00Z", zone: zone)
        #expect(zoned?.lowerBound == 0)
    }

    @Test func daysFollowEachOther() {
        var previousEnd: Int64?
        for year in 1895...2105 {
            for month in 1...12 {
                let text = (year < 1_000 ? "0" : "") + "\(year)-" + (month < 10 ? "0" : "") + "\(month)"
                guard let span = FHIRDateTime.milliseconds(of: text) else {
                    Issue.record("\(text) is refused")
                    return
                }
                if let previousEnd, span.lowerBound != previousEnd + 1 {
                    Issue.record("\(text) does not follow the month before it")
                    return
                }
                previousEnd = span.upperBound
            }
        }
    }
}
