/// A message or value with exactly one encoding: strict decoding, and encoding what was decoded gives
/// the bytes again.
package protocol BinaryForm: Hashable, Sendable {
    /// The four ASCII characters that start every encoding.
    static var magic: String { get }
    /// The bytes of this value.
    var encoded: [UInt8] { get }
    /// Reads exactly one value from all of the bytes.
    ///
    /// - Throws: `DecodingFault` for anything that `encoded` cannot give.
    init(decoding bytes: [UInt8]) throws(DecodingFault)
}
