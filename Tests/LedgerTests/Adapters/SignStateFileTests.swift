import Cryptography
import Foundation
import LedgerAdapters
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Model
import Testing

@Suite struct SignStateFileTests {
    let network: LedgerNetwork

    init() throws { network = try LedgerNetwork(validatorCount: 4) }

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func state(height: UInt64) throws -> SignState {
        var state = SignState(networkID: network.genesis.networkID, validator: ValidatorIndex(2))
        _ = try state.vote(
            .prevote, height: BlockHeight(height), round: 0, blockHash: nil, signer: network.keys[2].consensus
        )
        return state
    }

    @Test func keepsTheNewestStateOverProcesses() throws {
        try withFolder { folder in
            let path = folder + "/sign-state"
            do {
                let file = try SignStateFile(path: path)
                let none = try file.read(networkID: network.genesis.networkID, validator: ValidatorIndex(2))
                #expect(none == nil)
                for height in 1...3 as ClosedRange<UInt64> { try file.write(state(height: height)) }
            }
            let file = try SignStateFile(path: path)
            let found = try file.read(networkID: network.genesis.networkID, validator: ValidatorIndex(2))
            #expect(try found == state(height: 3))
            #expect(throws: SignStateFault.self) {
                try file.read(networkID: network.genesis.networkID, validator: ValidatorIndex(1))
            }
        }
    }

    @Test func aSecondHolderIsTurnedAway() throws {
        try withFolder { folder in
            let file = try SignStateFile(path: folder + "/sign-state")
            let fault = #expect(throws: SignStateFault.self) {
                try SignStateFile(path: folder + "/sign-state")
            }
            #expect(fault?.description.contains("another process uses the sign-state") == true)
            withExtendedLifetime(file) {}
        }
    }

    @Test func aFlippedBitIsNotTakenForAnEmptyState() throws {
        try withFolder { folder in
            let path = folder + "/sign-state"
            let file = try SignStateFile(path: path)
            try file.write(state(height: 9))
            var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
            bytes[40] ^= 4
            try Data(bytes).write(to: URL(filePath: path))
            #expect(throws: SignStateFault.self) {
                try file.read(networkID: network.genesis.networkID, validator: ValidatorIndex(2))
            }
        }
    }

    @Test(arguments: ["an older copy in its place", "an older copy over it", "gone"])
    func aFileThatAnotherReplacedIsNotWrittenOver(change: String) throws {
        try withFolder { folder in
            let path = folder + "/sign-state"
            let file = try SignStateFile(path: path)
            try file.write(state(height: 1))
            let older = try Data(contentsOf: URL(filePath: path))
            try file.write(state(height: 2))
            switch change {
            case "an older copy in its place": try older.write(to: URL(filePath: path), options: .atomic)
            case "an older copy over it": try older.write(to: URL(filePath: path))
            default: try FileManager.default.removeItem(atPath: path)
            }
            let fault = #expect(throws: SignStateFault.self) { try file.write(state(height: 3)) }
            #expect(fault?.description.contains("was replaced while it was in use") == true)
        }
    }
}
