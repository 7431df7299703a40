import Model

/// The people and organisations that a Bundle names, and its bytes untouched.
struct WalkBundle: Sendable {
    let bytes: [UInt8]
    let patientName: String
    let organizationNames: [String]
    let practitionerNames: [String]
    /// How many resources of each type the Bundle holds.
    let resourceCounts: [String: Int]

    /// Names for what the walk needs and a Bundle lacks; a Bundle often knows one hospital only.
    private static let spareOrganizations = [
        "Harbour City Hospital", "Lakeside Clinic", "Northgate Urgent Care",
    ]
    private static let sparePractitioners = ["Dr. Ilse Brandt", "Dr. Samir Haddad", "Dr. Joan Lowry"]

    /// Reads a FHIR R4 Bundle of one patient.
    ///
    /// - Throws: `ClientFailure` when the bytes are no Bundle or hold no Patient.
    init(_ bytes: [UInt8]) throws {
        let bundle: JSONValue
        do { bundle = try JSONValue(parsing: bytes) } catch {
            throw ClientFailure("the Bundle is not JSON: \(error)")
        }
        guard bundle["resourceType"]?.string == "Bundle" else {
            throw ClientFailure("the file is not a FHIR Bundle; give one with `resourceType` Bundle")
        }
        let resources = (bundle["entry"]?.array ?? []).compactMap { $0["resource"] }
        guard let patient = resources.first(where: { $0["resourceType"]?.string == "Patient" }) else {
            throw ClientFailure("the Bundle holds no Patient; give the Bundle of one patient")
        }
        self.bytes = bytes
        patientName = Self.personName(patient) ?? "a patient without a name"
        let organizations = resources.filter { $0["resourceType"]?.string == "Organization" }
            .compactMap { $0["name"]?.string }
        organizationNames = Self.three(organizations, spare: Self.spareOrganizations)
        let practitioners = resources.filter { $0["resourceType"]?.string == "Practitioner" }
            .compactMap(Self.personName)
        practitionerNames = Self.three(practitioners, spare: Self.sparePractitioners)
        resourceCounts = resources.reduce(into: [:]) { counts, resource in
            counts[resource["resourceType"]?.string ?? "", default: 0] += 1
        }
    }

    private static func three(_ names: [String], spare: [String]) -> [String] {
        var distinct: [String] = []
        for name in names + spare where !distinct.contains(name) { distinct.append(name) }
        return Array(distinct.prefix(3))
    }

    private static func personName(_ resource: JSONValue) -> String? {
        guard let name = resource["name"]?[0] else { return nil }
        let words = ["prefix", "given"].flatMap { (name[$0]?.array ?? []).compactMap(\.string) }
        return (words + [name["family"]?.string].compactMap { $0 }).joined(separator: " ")
    }
}
