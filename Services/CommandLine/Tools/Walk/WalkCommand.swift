package import ArgumentParser
import LedgerProtocol
import Model

/// `consentry walk`: one access to a person's records, from enrolment to receipt, over the public interfaces.
package struct WalkCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "walk", abstract: "Walk through one access to a person's records, with proof.")

    @Option(help: "The folder of the network: genesis and the keys of its organisations.")
    var network: String

    @Option(help: "A FHIR R4 Bundle of one patient.")
    var bundle: String

    @Option(help: "The Kafka bootstrap address, named in the hints for subscribers.")
    var kafka: String = "127.0.0.1:9092"

    @Option(help: "The folder into which the receipt, the event and the records read are written.")
    var output: String

    @Option(help: "How many accesses are measured for the summary (1 to 10,000).")
    var accesses: Int = 50

    package init() {}

    package func validate() throws {
        guard (1...10_000).contains(accesses) else {
            throw ValidationError("--accesses takes a number from 1 to 10000")
        }
    }

    package func run() async throws {
        let folder = NetworkFolder(network)
        let bundle = try WalkBundle(try FileBytes.read(bundle))
        let cast = WalkCast(genesis: try folder.genesis(), sponsor: try folder.sponsor(), bundle: bundle)
        var walk = Walk(cast: cast, bundle: bundle, output: output, printer: WalkPrinter())
        do {
            try await walk.run(accessCount: accesses)
        } catch {
            StandardOutput.flush()
            throw ClientFailure("step \(walk.stepNumber) of the walk failed: \(error)")
        }
        walk.printWhereToLook(networkFolder: network, kafka: kafka)
    }
}
