import CLibpq
import Dispatch

/// Waits for NOTIFY on a connection of its own and connects again by itself.
///
/// After each connect every channel is reported once, so that nobody waits for a notification that was
/// lost. Call `close()` when done.
package actor PostgresListener {
    private nonisolated let executor: QueueExecutor
    /// The queue on which the connection's calls may block.
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private struct Subscriber {
        weak var mailbox: NotificationMailbox?
    }

    private let configuration: PostgresConfiguration
    private let channels: [String]
    private var subscribers: [Subscriber] = []
    private var link: PostgresLink?
    private var source: (any DispatchSourceRead)?
    private var failedAttemptCount = 0
    private var isStarted = false
    private var isClosed = false

    /// Creates a listener; it connects when `notifications()` is first called.
    package init(configuration: PostgresConfiguration, channels: [String]) {
        self.configuration = configuration
        self.channels = channels
        executor = QueueExecutor(label: "postgres.listener.\(configuration.schema)")
    }

    isolated deinit {
        source?.cancel()
    }

    /// Yields the names of channels that were notified since they were last yielded.
    ///
    /// Equal names that nobody has taken yet become one: a name means "look now", not "once". The
    /// stream ends when the listener is closed or the reading task is cancelled.
    package func notifications() -> AsyncStream<String> {
        let mailbox = NotificationMailbox()
        if isClosed { mailbox.close() }
        subscribers.removeAll { $0.mailbox == nil }
        subscribers.append(Subscriber(mailbox: mailbox))
        if isStarted {
            for channel in channels { mailbox.post(channel) }
        } else {
            isStarted = true
            // Connecting may block for seconds; the caller need not wait for it.
            connect(afterMilliseconds: 0)
        }
        return AsyncStream { await mailbox.next() }
    }

    /// Ends every stream and closes the connection.
    package func close() {
        isClosed = true
        disconnect()
        for subscriber in subscribers { subscriber.mailbox?.close() }
        subscribers = []
    }

    private func connect(afterMilliseconds pause: Int) {
        executor.queue.asyncAfter(deadline: .now() + .milliseconds(pause)) { [weak self] in
            self?.assumeIsolated { $0.connect() }
        }
    }

    private func connect() {
        guard !isClosed, link == nil else { return }
        do {
            let opened = try PostgresLink(opening: configuration)
            for channel in channels { try opened.command("LISTEN \(quotedIdentifier(channel))") }
            failedAttemptCount = 0
            link = opened
            watch(opened)
            for channel in channels { post(channel) }
            // Notifications that came with LISTEN's answer are in libpq's memory and wake nobody.
            drain()
        } catch {
            connectAgain()
        }
    }

    private func connectAgain() {
        // 50 ms, 100 ms, … up to 1.6 s: found again well within the 15 s that a restart of Postgres may
        // take.
        let pause = 50 << min(failedAttemptCount, 5)
        failedAttemptCount += 1
        connect(afterMilliseconds: pause)
    }

    private func watch(_ opened: PostgresLink) {
        let source = DispatchSource.makeReadSource(fileDescriptor: opened.socket, queue: executor.queue)
        source.setEventHandler { [weak self] in self?.assumeIsolated { $0.drain() } }
        // The descriptor must stay open until the source is done with it. The handler runs once, on
        // this queue, after the actor has let go of the connection.
        nonisolated(unsafe) let closing = opened
        source.setCancelHandler { withExtendedLifetime(closing) {} }
        source.activate()
        self.source = source
    }

    private func drain() {
        guard let link else { return }
        do {
            for channel in try link.notifiedChannels() { post(channel) }
        } catch {
            disconnect()
            if !isClosed { connectAgain() }
        }
    }

    private func disconnect() {
        source?.cancel()
        source = nil
        link = nil
    }

    private func post(_ channel: String) {
        for subscriber in subscribers { subscriber.mailbox?.post(channel) }
    }
}
