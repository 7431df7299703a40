import Cryptography
package import Model

/// The file of all changes to a network since genesis, as validators serve it and verifiers read it.
///
/// JSON, `{"changes":["<base64>",…],"format":"consentry-network-changes-v1"}`; each element is one
/// `NetworkChange` and proves itself.
package struct NetworkChangeList: Hashable, Sendable {
    /// The value of the member `format`.
    package static let format = "consentry-network-changes-v1"
    // Sixteen changes with the largest documents, or thousands of usual ones.
    private static let bytesMax = 4 << 20

    /// The changes in their order.
    package let changes: [NetworkChange]

    /// Lists changes.
    package init(_ changes: [NetworkChange]) { self.changes = changes }

    /// Reads a file; nothing in it is verified.
    ///
    /// - Throws: `VerificationFailure` of `.changes` with `.malformed`.
    package init(parsing bytes: [UInt8]) throws(VerificationFailure) {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue(
                parsing: bytes, limits: JSONLimits(depthMax: 4, bytesMax: Self.bytesMax))
        } catch {
            throw Self.malformed("it is not JSON: \(error)")
        }
        guard document["format"]?.string == Self.format, let elements = document["changes"]?.array else {
            throw Self.malformed("it must have `changes` and the format `\(Self.format)`")
        }
        var changes: [NetworkChange] = []
        for (place, element) in elements.enumerated() {
            guard let encoded = element.string.flatMap({ Base64.decode($0) }),
                let change = try? NetworkChange(decoding: encoded)
            else { throw Self.malformed("element \(place) is not the Base64 of a change") }
            changes.append(change)
        }
        self.changes = changes
    }

    /// The list as JSON.
    package var json: JSONValue {
        [
            "changes": .array(changes.map { .string(Base64.encode($0.encoded)) }),
            "format": .string(Self.format),
        ]
    }

    private static func malformed(_ sentence: String) -> VerificationFailure {
        VerificationFailure(part: .changes, code: .malformed, sentence: sentence)
    }
}

extension NetworkHistory {
    /// The history of a network as a file of changes proves it.
    ///
    /// - Throws: `VerificationFailure` of `.changes`.
    package init(_ genesis: Genesis, changes: NetworkChangeList) throws(VerificationFailure) {
        self.init(genesis)
        for change in changes.changes {
            do throws(ProtocolFault) { try accept(change) } catch {
                throw VerificationFailure(
                    part: .changes, code: ReceiptVerifier.code(of: error), sentence: error.sentence)
            }
        }
    }
}
