import Cryptography
package import LedgerProtocol
import Merkle
package import Model

extension TestNetwork {
    /// A validator that is not of the genesis file; its keys come from its name.
    package func newcomer(_ name: String, number: Int) -> GenesisValidator {
        GenesisValidator(
            name: "\(name).\(genesis.network).consentry.example",
            organization: genesis.organizations[0].id, url: "http://127.0.0.1:\(7100 + number)",
            consensusKey: Self.signer("\(name) consensus").publicKey,
            cosignatureKey: Self.signer("\(name) cosignature").publicKey,
            logKey: Self.signer("\(name) log").publicKey)
    }

    /// Changes to a state that every organisation has signed.
    package func document(
        _ changes: [GovernanceChange], of state: NetworkState, expires: BlockHeight
    ) -> GovernanceDocument {
        state.organizations.reduce(GovernanceDocument(changes, of: state, expires: expires)) {
            $0.signed(by: $1.id, with: Self.signer("\(genesis.network) \($1.name)"))
        }
    }

    /// A document as the first organisation submits it.
    package func submission(of document: GovernanceDocument, sequence: UInt64) throws -> Submission {
        let signer = Self.signer("\(genesis.network) \(genesis.organizations[0].name)")
        let entry = Entry.make(
            kind: .governance, submitter: signer.keyID, id: Self.identifier("change \(sequence)"),
            time: 1_795_374_000, opening: .zero, networkID: genesis.networkID, payload: document.bytes)
        return try Submission.make(
            networkID: genesis.networkID, sequence: sequence, entries: [entry],
            publicPayloads: [document.bytes], signer: signer)
    }
}

extension TestChain {
    /// The proof of the change that the newest block makes; nil when it makes none.
    package func networkChange() throws -> NetworkChange? {
        guard let block = blocks.last else { return nil }
        let leafCount = block.submissions.reduce(1) { $0 + $1.entryCount }
        return try NetworkChange.make(
            of: block, firstIndex: UInt64(leaves.count - leafCount),
            previousText: blocks.dropLast().last?.checkpointText ?? ""
        ) { level, index in
            let start = Int(index) << level
            return MerkleTree.root(ofLeafHashes: Array(leaves[start..<start + 1 << level]))
        }
    }
}
