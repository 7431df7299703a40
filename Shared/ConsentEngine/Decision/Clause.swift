/// A clause of a contract that had a part in a decision.
package struct Clause: Hashable, Sendable {
    /// The contract.
    package let contract: CompiledContract
    /// The place of the provision in its contract, 0 for the root.
    package let place: Int
    /// What the clause says.
    package let effect: ProvisionEffect

    /// The contract's id.
    package var contractID: String { contract.contractID }
    /// The hash of the contract's signed bytes in hexadecimal.
    package var version: String { contract.version }
    /// Where the clause stands in the Consent, such as `provision`.
    package var path: String { contract.dialect.path(place) }
    /// What the clause says in full.
    package var provision: Provision { contract.terms.provisions[place] }

    /// Names a clause by its contract and its place in it.
    package init(contract: CompiledContract, place: Int, effect: ProvisionEffect) {
        self.contract = contract
        self.place = place
        self.effect = effect
    }

    /// Names each clause once, by contract and by place in it, whatever the order given.
    static func sorted(_ clauses: [Clause]) -> [Clause] {
        guard clauses.count > 1 else { return clauses }
        var unique: [Clause] = []
        for clause in clauses.sorted(by: precedes) where unique.last != clause { unique.append(clause) }
        return unique
    }

    private static func precedes(_ left: Clause, _ right: Clause) -> Bool {
        if left.contract == right.contract { return left.place < right.place }
        return left.contract.identity < right.contract.identity
    }
}

/// A contract as a decision names it.
package struct ContractVersion: Hashable, Sendable, Comparable {
    /// The contract's id.
    package let contractID: String
    /// The hash of the contract's signed bytes in hexadecimal.
    package let version: String

    /// Names one version of a contract.
    package init(contractID: String, version: String) {
        self.contractID = contractID
        self.version = version
    }

    /// Orders by id, then by version, byte by byte.
    package static func < (left: ContractVersion, right: ContractVersion) -> Bool {
        left.contractID == right.contractID
            ? precedes(left.version, right.version) : precedes(left.contractID, right.contractID)
    }
}

/// Orders texts by their UTF-8 bytes, which no version of Unicode can change.
func precedes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
}
