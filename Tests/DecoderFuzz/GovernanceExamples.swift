import Cryptography
import LedgerFixtures
import LedgerProtocol
import Model
import TransparencyLog

/// Documents that change the network of the examples, and the proof of one.
extension BinaryExamples {
    /// One document with every kind of change, and one that is signed.
    func documents() throws -> [GovernanceDocument] {
        let state = network.genesis.initial
        let newcomer = network.newcomer("fifth", number: 5)
        let key = TestNetwork.signer("an issuer").publicKey
        let every: [GovernanceChange] = [
            .addOrganization(
                GenesisOrganization(id: TestNetwork.identifier("East"), name: "East \u{e9}", key: key)),
            .removeOrganization(state.organizations[1].id), .replaceOrganization(state.organizations[0]),
            .declareCompromise(
                KeyCompromise(key: key, since: Timestamp(milliseconds: 1_795_374_000_001))),
            .addValidator(newcomer),
            .removeValidator(ValidatorIndex(0)), .replaceValidator(ValidatorIndex(1), newcomer),
            .replaceService(state.services[0]), .setLimits(state.limits),
            .setIssuers([CredentialIssuer(id: "did:example:board", key: key)]),
            .setWitnesses([NetworkWitness(vkey: state.cosigners[0].vkey, url: "https://witness.example")]),
        ]
        return [
            GovernanceDocument(every, of: state, expires: BlockHeight(7)),
            network.document([.addValidator(newcomer)], of: state, expires: BlockHeight(100)),
        ]
    }

    /// The proof of a block that makes the signed document's change.
    func changes() throws -> NetworkChangeList {
        var chain = chain
        try chain.append([try network.submission(of: try documents()[1], sequence: 0)])
        return NetworkChangeList([try chain.networkChange()].compactMap { $0 })
    }
}
