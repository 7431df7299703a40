import ArgumentParser

/// Measures the consent engine alone, and writes what other engines are held against.
@main
struct ConsentBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consent-benchmark", abstract: "Measure the consent engine alone.",
        subcommands: [Figures.self, Export.self])
}

/// Prints the figures of the engine as tables.
struct Figures: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the figures of the engine.")

    @Option(help: "How many contracts are held in memory.") var contracts = 1_000_000
    @Option(help: "How often each figure is taken; the median is printed.") var runs = 5
    @Option(help: "Take only these figures.") var part: [Part] = Part.allCases
    @Option(help: "The number from which all contracts and requests come.") var seed: UInt64 = 1

    /// Figures that can be taken alone.
    enum Part: String, ExpressibleByArgument, CaseIterable {
        case memory
        case request
        case resource
        case compilation
    }

    func validate() throws {
        guard contracts > 0, runs > 0 else { throw ValidationError("counts are above 0") }
    }

    func run() throws {
        print("load average before the run: \(try Process.loadAverage())")
        let before = try Process.residentBytes()
        let population = Population(contractCount: contracts, seed: seed)
        let residentBytes = try Process.residentBytes() - before
        if part.contains(.memory) {
            MemoryFigures.printHead()
            MemoryFigures.print(population, residentBytes: residentBytes)
            try MemoryFigures.printBasic(contracts, seed: seed)
        }
        let decisions = DecisionFigures(population: population, runCount: runs, seed: seed)
        if part.contains(.request) { decisions.printRequestStep() }
        if part.contains(.resource) { decisions.printResourceStep() }
        if part.contains(.compilation) { try CompileFigures(runCount: runs, seed: seed).print() }
        print("\nload average after the run: \(try Process.loadAverage())")
    }
}
