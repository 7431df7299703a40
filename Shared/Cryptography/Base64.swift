import CLibsodium

/// Writes and reads Base64 (RFC 4648); each value has exactly one accepted spelling.
package enum Base64 {
    /// Writes the standard alphabet with padding.
    package static func encode(_ bytes: [UInt8]) -> String {
        encode(bytes, variant: sodium_base64_VARIANT_ORIGINAL)
    }

    /// Reads the standard alphabet with padding; nil for spaces, missing padding or stray bits.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        decode(text, variant: sodium_base64_VARIANT_ORIGINAL)
    }

    /// Writes the URL-safe alphabet without padding.
    package static func encodeURL(_ bytes: [UInt8]) -> String {
        encode(bytes, variant: sodium_base64_VARIANT_URLSAFE_NO_PADDING)
    }

    /// Reads the URL-safe alphabet without padding; nil for spaces, padding or stray bits.
    package static func decodeURL(_ text: some StringProtocol) -> [UInt8]? {
        decode(text, variant: sodium_base64_VARIANT_URLSAFE_NO_PADDING)
    }

    private static func encode(_ bytes: [UInt8], variant: CInt) -> String {
        // The length counts a final zero byte, which C writes and the string leaves out.
        let length = sodium_base64_encoded_len(bytes.count, variant)
        var output = [CChar](repeating: 0, count: length)
        sodium_bin2base64(&output, length, bytes, bytes.count, variant)
        return output.withUnsafeBytes { String(decoding: $0.dropLast(), as: UTF8.self) }
    }

    private static func decode(_ text: some StringProtocol, variant: CInt) -> [UInt8]? {
        // libsodium 1.0.18 takes every byte from 0x80 for a character of the alphabet.
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        let text = text.utf8.map { CChar(bitPattern: $0) }
        var bytes = [UInt8](repeating: 0, count: text.count / 4 * 3 + 3)
        var count = 0
        // Without a place for the end of the text, C refuses text that it did not read to the end.
        guard sodium_base642bin(&bytes, bytes.count, text, text.count, nil, &count, nil, variant) == 0
        else { return nil }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
