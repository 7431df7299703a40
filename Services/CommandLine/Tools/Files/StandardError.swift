/// Where sentences for people go that are not the command's result.
enum StandardError {
    static func write(_ text: String) {
        // A terminal that went away is no reason to fail.
        try? FileBytes.append([UInt8](text.utf8), to: FileBytes.standardError)
    }
}
