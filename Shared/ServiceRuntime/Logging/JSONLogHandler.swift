package import Logging
import Model

/// Writes each log event as one JSON object on a line of its own.
///
/// Members: `time` (RFC 3339, UTC, milliseconds), `level`, `service`, `label`, `message`, then `error`
/// (the type, and the text of a ``Loggable``), `metadata` and `droppedLineCount` when there are any.
package struct JSONLogHandler: LogHandler {
    /// Bytes above which a line is written without its metadata.
    private static let lineBytesMax = 32_768
    /// Bytes of a message that are kept.
    private static let messageBytesMax = 8_192

    /// Metadata of every event of the logger.
    package var metadata: Logger.Metadata = [:]
    /// Metadata of the task that logs.
    package var metadataProvider: Logger.MetadataProvider?
    /// The least level that is written.
    package var logLevel: Logger.Level

    private let service: String
    private let label: String
    private let sink: LogSink

    /// Makes a handler of one logger.
    package init(
        label: String, service: String, level: Logger.Level, sink: LogSink = .standardError,
        metadataProvider: Logger.MetadataProvider? = nil
    ) {
        self.label = label
        self.service = service
        self.logLevel = level
        self.sink = sink
        self.metadataProvider = metadataProvider
    }

    /// One member of ``metadata``.
    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes the event, or drops it when standard error is not being read.
    package func log(event: LogEvent) {
        var merged = metadata
        if let provided = metadataProvider?.get() { merged.merge(provided) { _, new in new } }
        if let own = event.metadata { merged.merge(own) { _, new in new } }
        let time = WallClock.now()
        sink.write { droppedLineCount in
            line(event, metadata: merged, time: time, droppedLineCount: droppedLineCount)
        }
    }

    private func line(
        _ event: LogEvent, metadata: Logger.Metadata, time: Timestamp, droppedLineCount: Int
    ) -> [UInt8] {
        var members = [
            JSONMember(name: "time", value: .string(time.description)),
            JSONMember(name: "level", value: .string(event.level.rawValue)),
            JSONMember(name: "service", value: .string(service)),
            JSONMember(name: "label", value: .string(label)),
            JSONMember(name: "message", value: .string(Self.shortened(event.message.description))),
        ]
        if droppedLineCount > 0 {
            members.append(JSONMember(name: "droppedLineCount", value: .number(JSONNumber(droppedLineCount))))
        }
        if let error = event.error {
            let text = ErrorText.safe(error).map { ": \($0)" } ?? ""
            members.append(JSONMember(name: "error", value: .string(ErrorText.type(of: error) + text)))
        }
        let short = JSONValue.object(members).encoded()
        guard !metadata.isEmpty else { return short }
        members.append(JSONMember(name: "metadata", value: Self.json(.dictionary(metadata))))
        let whole = JSONValue.object(members).encoded()
        return whole.count <= Self.lineBytesMax ? whole : short
    }

    private static func json(_ value: Logger.MetadataValue) -> JSONValue {
        switch value {
        case .string(let text): .string(text)
        case .stringConvertible(let value): .string(value.description)
        case .array(let values): .array(values.map(json))
        case .dictionary(let members):
            .object(
                members.sorted { $0.key < $1.key }.map { JSONMember(name: $0.key, value: json($0.value)) })
        }
    }

    private static func shortened(_ text: String) -> String {
        guard text.utf8.count > messageBytesMax else { return text }
        return String(decoding: text.utf8.prefix(messageBytesMax), as: UTF8.self) + " … shortened"
    }
}

/// Sets up logging for a process.
package enum ServiceLogging {
    /// Makes every `Logger` of the process write JSON lines to standard error; call once, first thing in
    /// `main`.
    package static func bootstrap(service: String, level: Logger.Level) {
        LoggingSystem.bootstrap(
            { label, provider in
                JSONLogHandler(label: label, service: service, level: level, metadataProvider: provider)
            }, metadataProvider: nil)
    }
}
