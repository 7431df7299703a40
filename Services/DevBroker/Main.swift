import Foundation
import Kafka

/// Runs librdkafka's mock cluster with the suite's topics until it is told to end.
@main
struct Main {
    static func main() {
        do {
            let arguments = try Arguments(CommandLine.arguments.dropFirst())
            let topics = try TopicsFile.read(arguments.topicsPath)
            // Blocked before the broker's threads start: they inherit it, and only `await` sees the signal.
            let signals = TerminationSignals()
            let broker = try MockBroker(topics: topics.map { ($0.name, $0.partitionCount) })
            var address = broker.bootstrapServers
            if let port = arguments.port, let own = address.split(separator: ":").last.flatMap({ Int($0) }) {
                try FrontDoor(port: port, brokerPort: own).open()
                address = "127.0.0.1:\(port)"
            }
            let addressFile = try AddressFile(path: arguments.addressPath, address: address)
            let notice =
                "devbroker on \(address): an in-memory broker for trying out and tests "
                + "only; 5 MiB a partition, no TLS, everything is lost at exit\n"
            FileHandle.standardOutput.write(Data(notice.utf8))
            signals.await()
            addressFile.remove()
            broker.close()
        } catch {
            FileHandle.standardError.write(Data("devbroker: \(error)\n".utf8))
            exit(1)
        }
    }
}
