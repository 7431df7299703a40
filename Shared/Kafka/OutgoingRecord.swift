import CLibrdkafka

/// A record on its way into librdkafka, which copies it.
struct OutgoingRecord {
    let topic: String
    let partition: Int32?
    let key: [UInt8]?
    let value: [UInt8]?
    let headers: [KafkaHeader]

    /// Key, value and headers together.
    var bytes: Int {
        headers.reduce((key?.count ?? 0) + (value?.count ?? 0)) { $0 + $1.name.utf8.count + $1.value.count }
    }

    /// Hands the record over without waiting; the report on it carries `number`.
    func produce(on handle: OpaquePointer, number: UInt) -> KafkaFault? {
        topic.withCString { topic in
            withBytes(key) { key in
                withBytes(value) { value in
                    let list = headerList()
                    var arguments = [rd_kafka_vu_t](repeating: rd_kafka_vu_t(), count: 7)
                    arguments[0].vtype = RD_KAFKA_VTYPE_TOPIC
                    arguments[0].u.cstr = topic
                    arguments[1].vtype = RD_KAFKA_VTYPE_PARTITION
                    arguments[1].u.i32 = partition ?? -1
                    arguments[2].vtype = RD_KAFKA_VTYPE_KEY
                    (arguments[2].u.mem.ptr, arguments[2].u.mem.size) = key
                    arguments[3].vtype = RD_KAFKA_VTYPE_VALUE
                    (arguments[3].u.mem.ptr, arguments[3].u.mem.size) = value
                    arguments[4].vtype = RD_KAFKA_VTYPE_MSGFLAGS
                    arguments[4].u.i = RD_KAFKA_MSG_F_COPY
                    arguments[5].vtype = RD_KAFKA_VTYPE_OPAQUE
                    arguments[5].u.ptr = UnsafeMutableRawPointer(bitPattern: number)
                    arguments[6].vtype = RD_KAFKA_VTYPE_HEADERS
                    arguments[6].u.headers = list
                    let count = list == nil ? 6 : 7
                    guard let error = rd_kafka_produceva(handle, arguments, count) else { return nil }
                    if let list { rd_kafka_headers_destroy(list) }
                    return fault(error)
                }
            }
        }
    }

    private func headerList() -> OpaquePointer? {
        guard !headers.isEmpty, let list = rd_kafka_headers_new(headers.count) else { return nil }
        for header in headers {
            withBytes(header.value) { value in
                _ = rd_kafka_header_add(list, header.name, -1, value.address, value.count)
            }
        }
        return list
    }

    private func fault(_ error: OpaquePointer) -> KafkaFault {
        defer { rd_kafka_error_destroy(error) }
        return KafkaFault(
            rd_kafka_error_code(error), text: String(cString: rd_kafka_error_string(error)),
            isFatal: rd_kafka_error_is_fatal(error) == 1, topic: topic, partition: partition)
    }
}

/// Hands an address to `body` for every present value, an empty one included: no address means null to
/// Kafka.
private func withBytes<R>(
    _ bytes: [UInt8]?, _ body: ((address: UnsafeMutableRawPointer?, count: Int)) -> R
) -> R {
    guard let bytes else { return body((nil, 0)) }
    return (bytes.isEmpty ? [0] : bytes).withUnsafeBytes { buffer in
        // The library takes mutable addresses and, told to copy, only reads them.
        body((UnsafeMutableRawPointer(mutating: buffer.baseAddress), bytes.count))
    }
}
