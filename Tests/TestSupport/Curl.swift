import Foundation

/// An HTTP client that shares no code with the servers under test: the program curl.
package enum Curl {
    /// What a server answered.
    package struct Answer: Sendable {
        /// The status, `000` when there was no answer.
        package let status: String
        /// The body.
        package let bytes: [UInt8]
        /// The body as text.
        package var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// Sends `GET` and gives the answer, of whatever status.
    /// - Throws: `CocoaError` when curl cannot be run.
    package static func get(_ url: String) async throws -> Answer { try run([url]) }

    /// Sends bytes by `POST` and gives the answer, of whatever status.
    /// - Throws: `CocoaError` when curl cannot be run or the bytes not be written.
    package static func post(_ body: [UInt8], to url: String) async throws -> Answer {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data(body).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try run([
            "-H", "content-type: application/octet-stream", "--data-binary", "@\(file.path)", url,
        ])
    }

    private static func run(_ arguments: [String]) throws -> Answer {
        let body = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: body) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            ["curl", "-s", "--max-time", "5", "-o", body.path, "-w", "%{http_code}"] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let status = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let bytes = (try? Data(contentsOf: body)).map { [UInt8]($0) } ?? []
        return Answer(status: String(decoding: status, as: UTF8.self), bytes: bytes)
    }
}
