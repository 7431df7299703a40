import Postgres
import TestSupport
import Testing

/// Every kind of value goes to the server and comes back the same.
struct ValueTests {
    struct Trip: Sendable, CustomTestStringConvertible {
        let value: PostgresValue
        let type: String
        let read: @Sendable (PostgresRow) throws -> PostgresValue
        var testDescription: String { type }
    }

    static let uuid = (0..<16).map { UInt8($0) }
    static let large = (0..<8_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    static let trips = [
        Trip(value: .int(.min), type: "int8") { .int(try $0.int(0)) },
        Trip(value: .int(-7), type: "int4") { .int(try $0.int(0)) },
        Trip(value: .int(300), type: "int2") { .int(try $0.int(0)) },
        Trip(value: .text("zwölf\n'\\"), type: "text") { .text(try $0.text(0)) },
        Trip(value: .text(""), type: "text") { .text(try $0.text(0)) },
        Trip(value: .text(#"{"a": 1}"#), type: "jsonb") { .text(try $0.text(0)) },
        Trip(value: .text("sad"), type: "mood") { .text(try $0.text(0)) },
        Trip(value: .bytes([]), type: "bytea") { .bytes(try $0.bytes(0)) },
        Trip(value: .bytes([0, 255, 0]), type: "bytea") { .bytes(try $0.bytes(0)) },
        Trip(value: .bytes(large), type: "bytea") { .bytes(try $0.bytes(0)) },
        Trip(value: .bool(true), type: "bool") { .bool(try $0.bool(0)) },
        Trip(value: .uuid(uuid), type: "uuid") { .uuid(try $0.uuid(0)) },
        Trip(value: .intArray([1, -2, .max]), type: "int8[]") { .intArray(try $0.intArray(0)) },
        Trip(value: .intArray([]), type: "int8[]") { .intArray(try $0.intArray(0)) },
        Trip(value: .textArray(["a", "", "ß,\""]), type: "text[]") { .textArray(try $0.textArray(0)) },
        Trip(value: .bytesArray([[], [1], large]), type: "bytea[]") { .bytesArray(try $0.bytesArray(0)) },
        Trip(value: .uuidArray([uuid, uuid]), type: "uuid[]") { .uuidArray(try $0.uuidArray(0)) },
        Trip(value: .null, type: "int4") { try $0.intOrNull(0) == nil ? .null : .bool(false) },
        Trip(value: .null, type: "text") { try $0.textOrNull(0) == nil ? .null : .bool(false) },
        Trip(value: .null, type: "bytea") { try $0.bytesOrNull(0) == nil ? .null : .bool(false) },
    ]

    @Test(arguments: trips)
    func `a value comes back as it was sent`(_ trip: Trip) async throws {
        let pool = PostgresPool(try await PrivatePostgres.shared().createSchema("value"))
        let returned = try await pool.transaction { session in
            try session.execute(script: "CREATE TYPE mood AS ENUM ('sad', 'glad')")
            let rows = try session.query("SELECT $1::\(trip.type)", [trip.value])
            return try trip.read(rows[0])
        }
        #expect(returned == trip.value)
        await pool.close()
    }

    @Test func `a wrong type, a null and a broken array are faults`() async throws {
        let pool = PostgresPool(try await PrivatePostgres.shared().createSchema("value"))
        let reads: [(String, @Sendable (PostgresRow) throws -> Void)] = [
            ("SELECT sum(1::int8)", { _ = try $0.int(0) }),
            ("SELECT NULL::int8", { _ = try $0.int(0) }),
            ("SELECT 'x'::text", { _ = try $0.bytes(0) }),
            ("SELECT ARRAY[1, NULL]::int8[]", { _ = try $0.intArray(0) }),
        ]
        for (sql, read) in reads {
            await #expect(throws: PostgresFault.self) {
                try await pool.query { session in try read(try session.query(sql)[0]) }
            }
        }
        await pool.close()
    }

    @Test func `arrays fill a table in one statement`() async throws {
        let pool = PostgresPool(try await PrivatePostgres.shared().createSchema("value"))
        let numbers = (0..<5_000).map { Int64($0) }
        let flags = numbers.map { $0.isMultiple(of: 3) }
        let inserted = try await pool.transaction { session in
            try session.execute(script: "CREATE TABLE item (number int8, flag bool)")
            return try session.execute(
                "INSERT INTO item SELECT * FROM unnest($1, $2)", [.intArray(numbers), .boolArray(flags)])
        }
        let counted = try await pool.query { try $0.query("SELECT count(*) FROM item WHERE flag")[0].int(0) }
        #expect(inserted == 5_000)
        #expect(counted == 1_667)
        await pool.close()
    }
}
