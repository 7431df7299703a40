import ArgumentParser

/// `consentry network`: what concerns the genesis of a network and the changes since.
struct NetworkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "Make a network, show who takes part, and change it by agreement.",
        subcommands: [
            NetworkInit.self, NetworkShow.self, NetworkPolicy.self, NetworkChanges.self,
            NetworkValidatorKeys.self, NetworkPropose.self, NetworkCheck.self, NetworkSign.self,
            NetworkSubmit.self,
        ])
}
