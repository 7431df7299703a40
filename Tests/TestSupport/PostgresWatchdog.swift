import Glibc
import Synchronization

/// A shell process that starts a cluster and removes it when this process ends, in whatever way.
///
/// The shell waits for the end of a pipe whose other end only this process holds, so a crash is noticed
/// too.
struct PostgresWatchdog {
    let directory: String
    let port: Int

    private static let processes = Mutex<[(identifier: pid_t, pipe: Int32)]>([])
    private static let startAttemptCountMax = 3

    static func start() throws -> PostgresWatchdog {
        let binaries = try binariesDirectory()
        var log = ""
        // Between choosing a free port and binding it another process may take it; then a second try
        // helps.
        for _ in 0..<startAttemptCountMax {
            let watchdog = PostgresWatchdog(directory: try makeDirectory(), port: try freePort())
            if try watchdog.run(binaries) { return watchdog }
            log = watchdog.logTail()
            endAll()
        }
        throw PrivatePostgres.StartFault(description: "the private Postgres cluster did not start: \(log)")
    }

    // Nothing but the end of the pipe may end the shell, not even that nobody reads its answer any
    // more. The descriptors of the test runner are closed, or it would wait for the server to end.
    private static let script = """
        trap '' PIPE HUP INT TERM
        for descriptor in 3 4 5 6 7 8 9; do eval "exec $descriptor>&-"; done
        cd "$1"
        "$2/initdb" -D data -k -A trust -U postgres -E UTF8 --locale=C --no-sync >log 2>&1
        "$2/postgres" -D data -p "$3" -k "$1" -c listen_addresses=127.0.0.1 -c fsync=off \
            -c full_page_writes=off -c shared_buffers=32MB -c max_connections=300 -c max_wal_size=256MB \
            >>log 2>&1 </dev/null &
        server=$!
        answer=ready
        until "$2/pg_isready" -q -h "$1" -p "$3"; do
            if ! kill -0 $server; then answer=failed; break; fi
            sleep 0.05
        done
        echo $answer
        cat >/dev/null
        kill -QUIT $server
        wait $server
        cd / && rm -rf "$1"
        """

    /// Starts the shell and returns whether the server became ready.
    private func run(_ binaries: String) throws -> Bool {
        var words = ["/bin/sh", "-c", Self.script, "sh", directory, binaries, String(port)]
        if getuid() == 0 {
            // Postgres refuses to run as the superuser.
            words = ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] + words
        }
        // A session of its own: the terminal's signals and those to this process's group do not reach it.
        words = ["/usr/bin/setsid"] + words
        let input = try Pipe()
        let output = try Pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.readEnd, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writeEnd, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        let arguments = words.map { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        var identifier = pid_t()
        let error = posix_spawn(&identifier, words[0], &actions, nil, arguments + [nil], environ)
        close(input.readEnd)
        close(output.writeEnd)
        defer { close(output.readEnd) }
        guard error == 0 else {
            close(input.writeEnd)
            throw PrivatePostgres.StartFault(description: "`\(words[0])` cannot be started")
        }
        Self.register(identifier, input.writeEnd)
        var answer = [UInt8](repeating: 0, count: 16)
        let count = read(output.readEnd, &answer, answer.count)
        return answer.prefix(max(0, count)).starts(with: Array("ready".utf8))
    }

    private static func register(_ identifier: pid_t, _ pipe: Int32) {
        let isFirst = processes.withLock { processes in
            processes.append((identifier, pipe))
            return processes.count == 1
        }
        // At an orderly end the process waits until nothing is left behind.
        if isFirst { atexit { PostgresWatchdog.endAll() } }
    }

    private static func endAll() {
        let ending = processes.withLock { processes in
            defer { processes = [] }
            return processes
        }
        for process in ending {
            close(process.pipe)
            var status: Int32 = 0
            waitpid(process.identifier, &status, 0)
        }
    }

    private static func makeDirectory() throws -> String {
        // Short, because the path of a Unix socket has at most 107 bytes.
        var template = Array("/tmp/consentry-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw PrivatePostgres.StartFault(description: "no folder can be made in `/tmp`")
        }
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if getuid() == 0, let account = getpwnam("postgres") {
            chown(directory, account.pointee.pw_uid, account.pointee.pw_gid)
        }
        return directory
    }

    private static func freePort() throws -> Int {
        do throws(FreePorts.Fault) { return try FreePorts.take(1)[0] } catch {
            throw PrivatePostgres.StartFault(description: "no free port on 127.0.0.1")
        }
    }

    private static func binariesDirectory() throws -> String {
        let versions = ["18", "17", "16", "15"].map { "/usr/lib/postgresql/\($0)/bin" }
        let candidates = versions + ["/usr/local/bin", "/usr/bin"]
        guard let found = candidates.first(where: { access("\($0)/initdb", X_OK) == 0 }) else {
            throw PrivatePostgres.StartFault(
                description: "`initdb` is not found: install PostgreSQL 15 or newer")
        }
        return found
    }

    private func logTail() -> String {
        guard let file = fopen("\(directory)/log", "r") else { return "no log" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count).suffix(1_000), as: UTF8.self)
    }
}

/// Two descriptors that no child inherits unless it is told to.
private struct Pipe {
    let readEnd: Int32
    let writeEnd: Int32

    init() throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0, ends.allSatisfy({ fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }) else {
            throw PrivatePostgres.StartFault(description: "no pipe can be made")
        }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }
}
