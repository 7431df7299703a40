/// A statement's parameter, sent in Postgres' binary format under an explicit type.
///
/// `text` needs a cast in the statement where the column is of another type: `$1::jsonb`.
package enum PostgresValue: Sendable, Equatable {
    case null
    case int(Int64)
    case text(String)
    case bytes([UInt8])
    case bool(Bool)
    /// Sixteen bytes.
    case uuid([UInt8])
    case bytesArray([[UInt8]])
    case intArray([Int64])
    case textArray([String])
    case boolArray([Bool])
    /// Each element has sixteen bytes.
    case uuidArray([[UInt8]])
}

/// The object identifiers of the types that this module sends and reads (`pg_type.dat`).
enum TypeOID {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let name: UInt32 = 19
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let oid: UInt32 = 26
    static let json: UInt32 = 114
    static let boolArray: UInt32 = 1000
    static let byteaArray: UInt32 = 1001
    static let textArray: UInt32 = 1009
    static let int8Array: UInt32 = 1016
    static let bpchar: UInt32 = 1042
    static let varchar: UInt32 = 1043
    static let uuid: UInt32 = 2950
    static let uuidArray: UInt32 = 2951
    static let jsonb: UInt32 = 3802
    static let unknown: UInt32 = 705
    /// Types from here on are made by users: enums and composite types.
    static let firstUserType: UInt32 = 16_384
}

extension PostgresValue {
    /// Zero leaves the choice of a null's type to the server.
    var typeOID: UInt32 {
        switch self {
        case .null: 0
        case .int: TypeOID.int8
        case .text: TypeOID.text
        case .bytes: TypeOID.bytea
        case .bool: TypeOID.bool
        case .uuid: TypeOID.uuid
        case .bytesArray: TypeOID.byteaArray
        case .intArray: TypeOID.int8Array
        case .textArray: TypeOID.textArray
        case .boolArray: TypeOID.boolArray
        case .uuidArray: TypeOID.uuidArray
        }
    }
}

/// All parameters of one statement in one buffer, as libpq takes them.
struct EncodedParameters {
    private(set) var types: [UInt32] = []
    private var lengths: [Int32] = []
    private var offsets: [Int?] = []
    // Starts with one byte, so that an empty value has an address too: libpq reads no address as null.
    private var buffer: [UInt8] = [0]

    init(_ values: [PostgresValue]) {
        precondition(values.count <= 65_535, "a statement takes at most 65,535 parameters; send arrays")
        types.reserveCapacity(values.count)
        for value in values {
            types.append(value.typeOID)
            let start = buffer.count
            if case .null = value { offsets.append(nil) } else { offsets.append(start) }
            append(value)
            lengths.append(Int32(buffer.count - start))
        }
    }

    /// Hands the values' addresses, lengths and formats to `body`; they are valid only inside it.
    func withPointers<R>(
        _ body: (_ values: [UnsafePointer<CChar>?], _ lengths: [Int32], _ formats: [Int32]) throws -> R
    ) rethrows -> R {
        try buffer.withUnsafeBytes { bytes in
            let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            let values = offsets.map { offset in offset.flatMap { base?.advanced(by: $0) } }
            return try body(values, lengths, [Int32](repeating: 1, count: lengths.count))
        }
    }

    private mutating func append(_ value: PostgresValue) {
        switch value {
        case .null: break
        case .int(let number): appendInteger(number)
        case .text(let text): buffer.append(contentsOf: text.utf8)
        case .bytes(let bytes): buffer.append(contentsOf: bytes)
        case .bool(let flag): buffer.append(flag ? 1 : 0)
        case .uuid(let bytes): appendUUID(bytes)
        case .bytesArray(let list): appendArray(list, of: TypeOID.bytea) { $0.buffer.append(contentsOf: $1) }
        case .intArray(let list): appendArray(list, of: TypeOID.int8) { $0.appendInteger($1) }
        case .textArray(let list):
            appendArray(list, of: TypeOID.text) { $0.buffer.append(contentsOf: $1.utf8) }
        case .boolArray(let list): appendArray(list, of: TypeOID.bool) { $0.buffer.append($1 ? 1 : 0) }
        case .uuidArray(let list): appendArray(list, of: TypeOID.uuid) { $0.appendUUID($1) }
        }
    }

    // SPEC PostgreSQL array_send: dimensions, null flag, element type, then for one dimension its size and
    // lower bound, then each element after its length.
    private mutating func appendArray<Element>(
        _ elements: [Element], of type: UInt32, append: (inout EncodedParameters, Element) -> Void
    ) {
        appendInteger(Int32(elements.isEmpty ? 0 : 1))
        appendInteger(Int32(0))
        appendInteger(type)
        guard !elements.isEmpty else { return }
        appendInteger(Int32(elements.count))
        appendInteger(Int32(1))
        for element in elements {
            let start = buffer.count
            appendInteger(Int32(0))
            append(&self, element)
            let length = UInt32(buffer.count - start - 4)
            for index in 0..<4 {
                buffer[start + index] = UInt8(truncatingIfNeeded: length >> (24 - 8 * index))
            }
        }
    }

    private mutating func appendUUID(_ bytes: [UInt8]) {
        precondition(bytes.count == 16, "a UUID has sixteen bytes")
        buffer.append(contentsOf: bytes)
    }

    private mutating func appendInteger(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { buffer.append(contentsOf: $0) }
    }
}
