import Cryptography
import HTTPTypes
import LedgerProtocol
import Model
import ServiceRuntime

/// Shows which validators were seen to vote twice, with what anybody needs to check it.
struct EvidenceRoute: Sendable {
    let store: BlockStore

    var route: Route { .get("/evidence") { _ in try await evidence() } }

    private func evidence() async throws -> ServiceResponse {
        let history = store.network.current
        let (proofs, unreadableCount) = try await store.evidence()
        return .json(
            .ok,
            [
                "network": .string(history.networkID.hex),
                "evidence": .array(proofs.compactMap { shown($0, history) }),
                "unreadableRows": .string(String(unreadableCount)),
            ])
    }

    private func shown(_ proof: DoubleVote, _ history: NetworkHistory) -> JSONValue? {
        guard let validator = history.validator(proof.validator) else { return nil }
        return [
            "validator": .string(validator.name),
            "consensusKey": .string(Base64.encode(validator.consensusKey.bytes)),
            "cosignatureKey": .string(Base64.encode(validator.cosignatureKey.bytes)),
            // Heights may exceed what a JSON number holds exactly, so numbers are text.
            "height": .string(proof.first.height.description),
            "round": .string(String(proof.first.round)),
            "step": .string("\(proof.first.step)"),
            "firstVote": .string(Base64.encode(proof.first.encoded)),
            "secondVote": .string(Base64.encode(proof.second.encoded)),
        ]
    }
}
