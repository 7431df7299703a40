/// Puts released resources into a searchset Bundle without touching a byte of them.
package enum SearchsetBundle {
    /// A resource as it was stored.
    package struct Resource: Sendable {
        /// The resource.
        package let key: ResourceKey
        /// Its exact bytes.
        package let content: [UInt8]

        /// Pairs a resource with its bytes.
        package init(key: ResourceKey, content: [UInt8]) {
            self.key = key
            self.content = content
        }
    }

    /// Returns the Bundle's bytes; `total` is the number released and tells nothing of what is hidden.
    ///
    /// - Parameter baseURL: the service's URL without a slash at its end.
    package static func assemble(baseURL: String, resources: [Resource]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(resources.reduce(256) { $0 + $1.content.count + 256 })
        bytes += "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"total\":\(resources.count)".utf8
        // SPEC FHIR R4 JSON: an array is never empty, its member is left out instead.
        if !resources.isEmpty { bytes += ",\"entry\":[".utf8 }
        for (position, resource) in resources.enumerated() {
            if position > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += "{\"fullUrl\":\"\(baseURL)/fhir/\(resource.key.reference)\",\"resource\":".utf8
            bytes += resource.content
            bytes += ",\"search\":{\"mode\":\"match\"}}".utf8
        }
        if !resources.isEmpty { bytes.append(UInt8(ascii: "]")) }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }
}
