import ConsentEngine
import Cryptography
import Model
import Postgres
import RecordsCore

/// Finds and opens what one read releases.
struct Releasing {
    /// Resources of one custodian that are looked at for one answer.
    private static let listingCountMax = 10_000
    /// Resources that are open at one time while they are judged.
    private static let batchCount = 500

    let records: RecordTable
    let patient: ParticipantID
    let permission: ReleasePermission
    let key: RecordVault.PatientKey?

    /// A resource that may leave.
    struct Found: Sendable {
        let resource: SearchsetBundle.Resource
        let version: RecordVersionID
    }

    /// Opens what is asked for and permitted; what is hidden is not told from what is not there.
    func find(
        _ target: ReleaseRecords.Target, in session: PostgresSession
    ) throws -> Result<[Found], ReleaseRefusal> {
        switch target {
        case .resource(let resource):
            guard let resource, permission.mayPermit(resource.type),
                let listing = try records.find(
                    resource, of: patient, custodian: permission.custodian, in: session),
                let context = try context(in: session),
                let found = try open([listing], in: context, session).first
            else { return .failure(.resourceNotReleased) }
            return .success([found])
        case .everything:
            let all = try list(permission.types, in: session)
            guard all.count <= Self.listingCountMax else { return .failure(.tooMuch) }
            return try everything(all.filter { permission.mayPermit($0.key.type) }, in: session)
        }
    }

    private func everything(
        _ listings: [RecordTable.Listing], in session: PostgresSession
    ) throws -> Result<[Found], ReleaseRefusal> {
        guard let context = try context(in: session) else { return .failure(.tooMuch) }
        var found: [Found] = []
        var byteCount = 0
        for start in stride(from: 0, to: listings.count, by: Self.batchCount) {
            let batch = Array(listings[start..<min(start + Self.batchCount, listings.count)])
            let released = try open(batch, in: context, session)
            byteCount += released.reduce(0) { $0 + $1.resource.content.count }
            found += released
            guard found.count <= ReleaseRecords.resourceCountMax, byteCount <= ReleaseRecords.contentBytesMax
            else { return .failure(.tooMuch) }
        }
        return .success(found)
    }

    private func open(
        _ listings: [RecordTable.Listing], in context: RecordContext, _ session: PostgresSession
    ) throws -> [Found] {
        let contents = try records.contents(
            of: listings, patient: patient, custodian: permission.custodian, key: key, in: session)
        return zip(listings, contents).compactMap { listing, resource in
            permission.permits(listing.key, content: resource.content, in: context)
                ? Found(resource: resource, version: listing.version) : nil
        }
    }

    /// What other resources say about those that are judged; nothing where contents are not looked at.
    ///
    /// INVARIANT: no resource is judged by a part of what others say of it; nil when that is too much to
    /// read.
    private func context(in session: PostgresSession) throws -> RecordContext? {
        var context = RecordContext()
        guard permission.looksAtContents else { return context }
        let listings = try list(RecordContext.types, in: session)
        guard listings.count <= Self.listingCountMax else { return nil }
        for start in stride(from: 0, to: listings.count, by: Self.batchCount) {
            let batch = Array(listings[start..<min(start + Self.batchCount, listings.count)])
            let contents = try records.contents(
                of: batch, patient: patient, custodian: permission.custodian, key: key, in: session)
            for resource in contents { context.add(resource.key, content: resource.content) }
        }
        return context
    }

    private func list(_ types: Set<String>?, in session: PostgresSession) throws -> [RecordTable.Listing] {
        try records.list(
            of: patient, custodian: permission.custodian, types: types, countMax: Self.listingCountMax + 1,
            in: session)
    }
}
