import ArgumentParser

/// `consentry events`: the events that a subscribing system receives.
struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Open and check events of the ledger's topics.",
        subcommands: [OpenEvents.self])
}
