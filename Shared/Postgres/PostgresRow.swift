import CLibpq

/// Owns one libpq result; the rows made from it share it.
final class PostgresResult: Sendable {
    // A PGresult is not written to after libpq hands it out, and its accessors only read: see libpq,
    // "Behavior in Threaded Programs".
    nonisolated(unsafe) let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit { PQclear(pointer) }

    var status: ExecStatusType { PQresultStatus(pointer) }

    /// The rows that the statement changed or returned; zero for statements that count nothing.
    var affectedRowCount: Int { Int(String(cString: PQcmdTuples(pointer))) ?? 0 }

    /// The command's name, such as `COMMIT`.
    var commandTag: String { String(cString: PQcmdStatus(pointer)) }

    var rows: [PostgresRow] { (0..<PQntuples(pointer)).map { PostgresRow(result: self, index: $0) } }
}

/// One row of a result; columns count from zero and are decoded when read.
package struct PostgresRow: Sendable {
    let result: PostgresResult
    let index: Int32

    /// The number of columns.
    package var columnCount: Int { Int(PQnfields(result.pointer)) }

    /// Whether the column holds NULL.
    package func isNull(_ column: Int) -> Bool { PQgetisnull(result.pointer, index, Int32(column)) == 1 }

    /// Reads an integer column of two, four or eight bytes.
    /// - Throws: `PostgresFault` when it is NULL or of another type; cast sums with `::int8`.
    package func int(_ column: Int) throws -> Int64 { try required(column, try intOrNull(column)) }

    /// Reads an integer column that may be NULL.
    package func intOrNull(_ column: Int) throws -> Int64? {
        try field(column, [TypeOID.int8, TypeOID.int4, TypeOID.int2, TypeOID.oid]) { bytes, type in
            switch type {
            case TypeOID.int8: Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
            case TypeOID.int4: Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
            case TypeOID.int2: Int64(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
            default: Int64(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
            }
        }
    }

    /// Reads a text column; JSON, names and values of an enum count as text.
    /// - Throws: `PostgresFault` when it is NULL or of another type.
    package func text(_ column: Int) throws -> String { try required(column, try textOrNull(column)) }

    /// Reads a text column that may be NULL.
    package func textOrNull(_ column: Int) throws -> String? {
        let accepted = [
            TypeOID.text, TypeOID.varchar, TypeOID.bpchar, TypeOID.name, TypeOID.json, TypeOID.jsonb,
            TypeOID.unknown,
        ]
        return try field(column, accepted, acceptsUserTypes: true) { bytes, type in
            // SPEC PostgreSQL jsonb_send: one byte of version stands before the text.
            String(decoding: type == TypeOID.jsonb ? bytes.dropFirst() : bytes[...], as: UTF8.self)
        }
    }

    /// Reads a `bytea` column.
    /// - Throws: `PostgresFault` when it is NULL or of another type.
    package func bytes(_ column: Int) throws -> [UInt8] { try required(column, try bytesOrNull(column)) }

    /// Reads a `bytea` column that may be NULL.
    package func bytesOrNull(_ column: Int) throws -> [UInt8]? {
        try field(column, [TypeOID.bytea]) { bytes, _ in [UInt8](bytes) }
    }

    /// Hands out a column of any type as the server sent it, in the binary form of its type; nil for NULL.
    package func withWireBytes<Result>(
        _ column: Int, _ body: (UnsafeRawBufferPointer?) throws -> Result
    ) rethrows -> Result {
        try body(wireBytes(column))
    }

    /// Reads a boolean column.
    /// - Throws: `PostgresFault` when it is NULL or of another type.
    package func bool(_ column: Int) throws -> Bool { try required(column, try boolOrNull(column)) }

    /// Reads a boolean column that may be NULL.
    package func boolOrNull(_ column: Int) throws -> Bool? {
        try field(column, [TypeOID.bool]) { bytes, _ in bytes.first == 1 }
    }

    /// Reads the sixteen bytes of a UUID column.
    /// - Throws: `PostgresFault` when it is NULL or of another type.
    package func uuid(_ column: Int) throws -> [UInt8] { try required(column, try uuidOrNull(column)) }

    /// Reads the sixteen bytes of a UUID column that may be NULL.
    package func uuidOrNull(_ column: Int) throws -> [UInt8]? {
        try field(column, [TypeOID.uuid]) { bytes, _ in [UInt8](bytes) }
    }

    /// Reads an array of eight-byte integers without NULLs.
    package func intArray(_ column: Int) throws -> [Int64] {
        try array(column, TypeOID.int8Array) { Int64(bigEndian: $0.loadUnaligned(as: Int64.self)) }
    }

    /// Reads an array of texts without NULLs.
    package func textArray(_ column: Int) throws -> [String] {
        try array(column, TypeOID.textArray) { String(decoding: $0, as: UTF8.self) }
    }

    /// Reads an array of byte strings without NULLs.
    package func bytesArray(_ column: Int) throws -> [[UInt8]] {
        try array(column, TypeOID.byteaArray) { [UInt8]($0) }
    }

    /// Reads an array of UUIDs, sixteen bytes each, without NULLs.
    package func uuidArray(_ column: Int) throws -> [[UInt8]] {
        try array(column, TypeOID.uuidArray) { [UInt8]($0) }
    }
}

extension PostgresRow {
    private func required<Value>(_ column: Int, _ value: Value?) throws -> Value {
        guard let value else {
            throw PostgresFault(reason: .unreadable, message: "column \(column) is null")
        }
        return value
    }

    private func field<Value>(
        _ column: Int, _ accepted: [UInt32], acceptsUserTypes: Bool = false,
        read: (UnsafeRawBufferPointer, UInt32) throws -> Value
    ) throws -> Value? {
        let bytes = wireBytes(column)
        let type = PQftype(result.pointer, Int32(column))
        guard accepted.contains(type) || (acceptsUserTypes && type >= TypeOID.firstUserType) else {
            throw PostgresFault(
                reason: .unreadable,
                message: "column \(column) is of type `\(type)`, cast it in the statement to read it so")
        }
        return try bytes.map { try read($0, type) }
    }

    private func wireBytes(_ column: Int) -> UnsafeRawBufferPointer? {
        precondition((0..<columnCount).contains(column), "a row has no column of this index")
        let number = Int32(column)
        guard PQgetisnull(result.pointer, index, number) == 0,
            let start = PQgetvalue(result.pointer, index, number)
        else { return nil }
        return UnsafeRawBufferPointer(
            start: start, count: Int(PQgetlength(result.pointer, index, number)))
    }

    private func array<Element>(
        _ column: Int, _ type: UInt32, read: (UnsafeRawBufferPointer) -> Element
    ) throws -> [Element] {
        let elements = try field(column, [type]) { bytes, _ -> [Element] in
            func integer(_ offset: Int) -> Int {
                Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
            }
            guard integer(0) > 0 else { return [] }
            guard integer(0) == 1, integer(4) == 0 else {
                throw PostgresFault(
                    reason: .unreadable, message: "column \(column) has nulls or several dimensions")
            }
            var elements: [Element] = []
            var offset = 20
            for _ in 0..<integer(12) {
                let length = integer(offset)
                elements.append(read(UnsafeRawBufferPointer(rebasing: bytes[(offset + 4)...].prefix(length))))
                offset += 4 + length
            }
            return elements
        }
        return try required(column, elements)
    }
}
