import ConsentEngine

/// How much memory compiled contracts take, by what the process has resident before and after.
enum MemoryFigures {
    /// Prints the figures of basic contracts alone.
    static func printBasic(_ count: Int, seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var contracts: [CompiledContract] = []
        contracts.reserveCapacity(count)
        var generator = ContractGenerator(setting: CareSetting(ofPopulation: &random), mix: .population)
        let before = try Process.residentBytes()
        for index in 0..<count {
            if index % 20 == 0 {
                generator = ContractGenerator(setting: CareSetting(ofPopulation: &random), mix: .population)
            }
            contracts.append(CompiledContract(generator.basicTerms(&random)))
        }
        let resident = try Process.residentBytes() - before
        print("PCF Basic", count: count, packed: contracts.reduce(0) { $0 + $1.byteCount }, resident)
    }

    /// Prints the figures of a population: its contracts and the lists of each patient.
    static func print(_ population: Population, residentBytes: Int) {
        print("the mix", count: population.contractCount, packed: population.byteCount, residentBytes)
    }

    static func printHead() {
        Table.head("contracts in memory", "count", "packed form", "resident a contract")
    }

    private static func print(_ name: String, count: Int, packed: Int, _ resident: Int) {
        Table.row(
            name, Table.thousands(count), "\(packed / count) bytes", "\(resident / count) bytes")
    }
}
