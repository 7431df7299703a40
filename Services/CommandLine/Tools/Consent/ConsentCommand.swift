import ArgumentParser

/// `consentry consent`: what contracts mean, before and after they are signed.
struct ConsentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consent", abstract: "Check and preview consent contracts, and repeat decisions.",
        subcommands: [ConsentCheck.self, ConsentPreview.self, ConsentRepeat.self])
}
