import ArgumentParser

/// `consentry network`: what concerns the genesis of a network.
struct NetworkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "Make a network and show what its genesis says.",
        subcommands: [NetworkInit.self, NetworkShow.self, NetworkPolicy.self])
}
