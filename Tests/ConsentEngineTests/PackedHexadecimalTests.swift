import ConsentEngine
import Model
import Testing

/// UUIDs and digests take half the room, and what is almost one is no other text.
@Suite struct PackedHexadecimalTests {
    private static let uuid = "0a9f3c7e-1b2d-4e5f-8091-a2b3c4d5e6f7"
    private static let digest = "00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0"

    private func contract(id: String, version: String = "v") -> CompiledContract {
        CompiledContract(
            ContractTerms(
                contractID: id, version: version, patient: "Patient/p", custodians: ["Organization/o"],
                root: Provision(.permit)))
    }

    @Test func uuidsAndDigestsTakeHalfTheRoom() {
        let contract = contract(id: Self.uuid, version: Self.digest)
        #expect(contract.contractID == Self.uuid)
        #expect(contract.version == Self.digest)
        #expect(contract.byteCount < 75)
    }

    /// Every byte in every place of a UUID and a digest: what is not exactly their form stays as it is.
    @Test(arguments: [uuid, digest])
    func textsThatAreAlmostOfTheFormAreKept(text: String) {
        for place in text.utf8.indices {
            for byte in UInt8(0x21)...0x7E {
                var changed = Array(text.utf8)
                changed[text.utf8.distance(from: text.utf8.startIndex, to: place)] = byte
                let expected = String(decoding: changed, as: UTF8.self)
                guard contract(id: expected).contractID == expected else {
                    Issue.record("`\(expected)` is not kept")
                    return
                }
            }
        }
    }
}
