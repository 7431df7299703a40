import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Where the files of a ledger come from: a validator or any other web server, or a folder.
///
/// Nothing that it gives is believed; a file that is not there is nil.
enum LedgerSource: Sendable {
    /// The URL below which the files are, without a slash at its end.
    case web(String)
    /// The folder in which the files are.
    case folder(String)

    /// How long a web server may be away before a read fails.
    private static let patience: Duration = .seconds(10)

    /// Takes a URL of `http` or `https`, or else the path of a folder.
    init(_ argument: String) {
        let isWeb = argument.hasPrefix("http://") || argument.hasPrefix("https://")
        var text = argument
        while text.count > 1, text.hasSuffix("/") { text.removeLast() }
        self = isWeb ? .web(text) : .folder(text)
    }

    /// The URL or path, for sentences.
    var name: String {
        switch self {
        case .web(let url): url
        case .folder(let path): path
        }
    }

    /// Reads a file by its path below the source.
    ///
    /// - Throws: `FileFault` when it cannot be known whether it is there, or it is larger than `bytesMax`.
    func read(_ path: String, bytesMax: Int = SourceLimits.blockBytesMax) async throws -> [UInt8]? {
        switch self {
        case .folder(let folder):
            return try FileBytes.readIfPresent("\(folder)/\(path)", bytesMax: bytesMax)
        case .web(let url):
            return try await Self.fetch("\(url)/\(path)", bytesMax: bytesMax)
        }
    }

    private static func fetch(_ url: String, bytesMax: Int) async throws -> [UInt8]? {
        let deadline = ContinuousClock.now + patience
        var last = "no connection"
        while true {
            do {
                let response = try await HTTPClient.shared.execute(
                    HTTPClientRequest(url: url), timeout: .seconds(20))
                switch response.status {
                case .ok:
                    return Array(try await response.body.collect(upTo: bytesMax).readableBytesView)
                case .notFound: return nil
                case .tooManyRequests, .serviceUnavailable: last = "status \(response.status.code)"
                default: throw FileFault(description: "`\(url)` is answered with \(response.status)")
                }
            } catch is NIOTooManyBytesError {
                throw FileFault(description: "`\(url)` is larger than \(bytesMax) bytes")
            } catch let fault as FileFault {
                throw fault
            } catch let error as HTTPClientError where error == .invalidURL || error == .emptyHost {
                throw FileFault(description: "`\(url)` is no URL")
            } catch {
                try Task.checkCancellation()
            }
            guard ContinuousClock.now < deadline else {
                throw FileFault(description: "`\(url)` cannot be fetched: \(last) for \(patience)")
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}

/// The most bytes of the files of a ledger.
enum SourceLimits {
    /// A block of 850,000 bytes of submissions, its certificate and its header.
    static let blockBytesMax = 1 << 20
    /// A bundle of 256 entries of the largest size that the format has.
    static let bundleBytesMax = 256 * (2 + 65_535)
}
