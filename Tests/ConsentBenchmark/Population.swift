import ConsentEngine

/// Patients with so many contracts each.
struct PatientGroup {
    /// What one patient's contracts and requests are drawn from.
    struct Patient {
        let setting: CareSetting
        let contracts: [StandingContract]
    }

    /// A request with the contracts that it is decided by; by reference, so that handing one on costs
    /// nothing.
    final class Question {
        let request: AccessRequestFacts
        let contracts: [StandingContract]

        init(request: AccessRequestFacts, contracts: [StandingContract]) {
            self.request = request
            self.contracts = contracts
        }

        /// The same with a copy of the request that shares nothing with it.
        var fresh: Question { Question(request: request.copied(), contracts: contracts) }
    }

    /// The purposes that are asked for, as often as they stand here.
    private static let purposes = [
        "TREAT", "TREAT", "TREAT", "TREAT", "TREAT", "TREAT", "ETREAT", "HPAYMT", "HRESCH", "BTG",
    ].compactMap { PurposeCode(code: $0) }

    let contractCount: Int
    private let seed: UInt64
    /// The contracts of each patient, in the form in which a service holds them.
    let contracts: [[StandingContract]]

    init(contractCount: Int, patientCount: Int, seed: UInt64) {
        self.contractCount = contractCount
        self.seed = seed
        contracts = (0..<patientCount).map { place in
            var random = Self.random(seed, contractCount, place)
            let generator = ContractGenerator(setting: CareSetting(ofPopulation: &random), mix: .population)
            return (0..<contractCount).map { _ in generator.standing(&random) }
        }
    }

    /// The numbers of one patient, which give the same setting again whenever it is asked for.
    private static func random(_ seed: UInt64, _ contractCount: Int, _ place: Int) -> SeededRandom {
        SeededRandom(seed: seed &+ UInt64(contractCount) << 40 &+ UInt64(place) &* 0xD134_2543_DE82_EF95)
    }

    func patient(_ place: Int) -> Patient {
        var random = Self.random(seed, contractCount, place)
        return Patient(setting: CareSetting(ofPopulation: &random), contracts: contracts[place])
    }

    /// Draws a patient and a request for one purpose.
    func question(_ random: inout SeededRandom) -> (Question, RequestGenerator) {
        question(ofPatient: random.below(contracts.count), &random)
    }

    /// Draws a request for one purpose and one patient's records.
    func question(
        ofPatient place: Int, _ random: inout SeededRandom
    ) -> (Question, RequestGenerator) {
        let patient = patient(place)
        let generator = RequestGenerator(setting: patient.setting, isNarrow: false)
        let request = generator.request(
            patient.contracts, purposes: [random.pick(Self.purposes)], &random)
        return (Question(request: request, contracts: patient.contracts), generator)
    }
}

extension AccessRequestFacts {
    fileprivate func copied() -> AccessRequestFacts {
        func copy(_ text: String) -> String { String(decoding: Array(text.utf8), as: UTF8.self) }
        var conditions: [ContractCondition: Truth] = [:]
        for (key, truth) in self.conditions {
            let key = ContractCondition(contractID: copy(key.contractID), condition: key.condition)
            conditions[key] = truth
        }
        return AccessRequestFacts(
            patient: copy(patient), linkedPatients: linkedPatients.map(copy), actor: copy(actor),
            actingFor: actingFor.map(copy), groups: groups.map(copy), custodian: custodian.map(copy),
            purposes: purposes, action: action, conditions: conditions, atMilliseconds: atMilliseconds)
    }
}

/// The contracts that are held in memory while decisions are measured: as many in each group of patients.
struct Population {
    static let contractCounts = [1, 5, 20, 100]
    /// The policies of the custodians.
    static let policies = DecisionPolicies(
        .denyAll, breakGlass: BreakGlassPolicy(mayDeclare: ["Group/emergency"]))

    let groups: [PatientGroup]

    init(contractCount: Int, seed: UInt64) {
        groups = Self.contractCounts.map { count in
            let share = contractCount / Self.contractCounts.count
            return PatientGroup(contractCount: count, patientCount: max(1, share / count), seed: seed)
        }
    }

    var contractCount: Int { groups.reduce(0) { $0 + $1.contracts.count * $1.contractCount } }

    var byteCount: Int {
        groups.reduce(0) { sum, group in
            group.contracts.reduce(sum) { $0 + $1.reduce(0) { $0 + $1.contract.byteCount } }
        }
    }
}
