import ConsentEngine

/// Draws requests for one patient's records, and resources for them to be about.
struct RequestGenerator {
    let setting: CareSetting
    /// Whether facts are unknown, dates meet the edges and identities are linked more often than in practice.
    let isNarrow: Bool

    /// Draws a request; what was found about the conditions of contracts is drawn as well.
    func request(
        _ contracts: [StandingContract], purposes: [PurposeCode], _ random: inout SeededRandom
    ) -> AccessRequestFacts {
        var conditions: [ContractCondition: Truth] = [:]
        for contract in contracts.map(\.contract) {
            for condition in contract.conditions where random.isTrue(percent: 80) {
                let key = ContractCondition(contractID: contract.contractID, condition: condition)
                conditions[key] = random.pick([.yes, .yes, .no, .unknown])
            }
        }
        let isKnown = random.isTrue(percent: 80)
        let stranger = isNarrow ? setting.patient : "Practitioner/\(random.uuid())"
        return AccessRequestFacts(
            patient: setting.patient,
            linkedPatients: isNarrow && random.isTrue(percent: 25) ? [setting.linkedPatient] : [],
            actor: isKnown ? random.pick(setting.practitioners) : stranger,
            actingFor: random.isTrue(percent: 85) ? random.pick(setting.employers) : [],
            groups: random.isTrue(percent: 50) ? random.some(of: setting.teams, upTo: 2) : [],
            custodian: isNarrow && random.isTrue(percent: 10)
                ? [setting.otherCustodian] : setting.custodian,
            purposes: purposes,
            action: isNarrow && random.isTrue(percent: 25) ? .disclose : .access, conditions: conditions,
            atMilliseconds: CareSetting.now)
    }

    func resource(of custodian: [String], _ random: inout SeededRandom) -> ResourceFacts {
        let type = random.pick(setting.types)
        let start =
            random.pick(setting.instants) + random.pick([0, 0, 0, -1, 1]) * CareSetting.dayMilliseconds
        let span = random.pick([0, 0, 999, CareSetting.dayMilliseconds - 1, 60 * CareSetting.dayMilliseconds])
        return ResourceFacts(
            type: type,
            id: random.isTrue(percent: 10) || isNarrow
                ? random.pick(setting.resourceIDs) : random.uuid(),
            custodian: custodian,
            clinicalDate: isTold(&random) ? Interval(start: start, end: start + span) : nil,
            authors: Known(authors(&random), isComplete: isTold(&random)),
            related: Known(
                random.isTrue(percent: 60) ? [spelling(random.pick(setting.encounters), &random)] : [],
                isComplete: isTold(&random)),
            codes: Known(random.some(of: setting.codes, upTo: 2), isComplete: isTold(&random)),
            labels: isTold(&random) ? labels(&random) : nil)
    }

    private func isTold(_ random: inout SeededRandom) -> Bool {
        !random.isTrue(percent: isNarrow ? 15 : 2)
    }

    private func authors(_ random: inout SeededRandom) -> [String] {
        var authors =
            random.isTrue(percent: 80) ? [spelling(random.pick(setting.practitioners), &random)] : []
        if isNarrow && random.isTrue(percent: 10) { authors.append("PractitionerRole/r") }
        return authors
    }

    /// A Bundle may name something by its UUID alone.
    private func spelling(_ reference: String, _ random: inout SeededRandom) -> String {
        guard random.isTrue(percent: 10), let slash = reference.firstIndex(of: "/") else { return reference }
        return "urn:uuid:\(reference[reference.index(after: slash)...])"
    }

    private func labels(_ random: inout SeededRandom) -> ResourceLabels {
        if isNarrow {
            return ResourceLabels(
                random.pick(Confidentiality.allCases),
                random.isTrue(percent: 50) ? random.some(of: setting.sensitivities, upTo: 2) : [])
        }
        return random.isTrue(percent: 92)
            ? ResourceLabels(.normal)
            : ResourceLabels(.restricted, random.some(of: setting.sensitivities, upTo: 2))
    }
}
