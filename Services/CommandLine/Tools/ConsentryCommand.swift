import ArgumentParser
import Cryptography
import Glibc

/// `consentry`: every tool of the command line, each a type in a folder of its own.
struct ConsentryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consentry",
        abstract: "Make networks, preview consents, verify receipts and walk through accesses to records.",
        subcommands: [
            NetworkCommand.self,
            ConsentCommand.self,
            VerifyCommand.self,
            LedgerCommand.self,
            EventsCommand.self,
            WalkCommand.self,
            LoadCommand.self,
            MeasureCommand.self,
        ])
}

/// Runs the command line.
package enum ConsentryProgram {
    /// Checks the cryptography of this machine, runs what the process was started for, and ends the process.
    package static func start() async {
        do {
            try CryptographySelfTest.run()
        } catch {
            StandardError.write("\(error)\n")
            exit(EXIT_FAILURE)
        }
        exit(await run(Array(CommandLine.arguments.dropFirst())))
    }

    /// Runs one command, the program's name left out, and gives the exit code: 64 for wrong usage.
    package static func run(_ arguments: [String]) async -> Int32 {
        do {
            var command = try ConsentryCommand.parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return EXIT_SUCCESS
        } catch {
            let code = ConsentryCommand.exitCode(for: error)
            let message = ConsentryCommand.fullMessage(for: error)
            if code.isSuccess {
                print(message)
            } else if !message.isEmpty {
                StandardError.write(message + "\n")
            }
            return code.rawValue
        }
    }
}
