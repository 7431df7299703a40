import ArgumentParser

/// `consentry measure`: what the benchmarks of the ledger are made of.
struct MeasureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "Load a ledger, read from it, and measure the bounds of this machine; figures are JSON.",
        subcommands: [MeasureSubmissions.self, MeasureReceipts.self, MeasureProofs.self, MeasureBounds.self])
}

extension Duration {
    /// Seconds with their fraction.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
