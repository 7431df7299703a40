import ConsentEngine

/// How often contracts state what, in hundredths.
struct ContractMix {
    /// Contracts that are PCF Basic: one provision about everything.
    let basic: Int
    let denies: Int
    let actors: Int
    let periods: Int
    let ended: Int
    let nested: Int
    let nestedCountMax: Int
    /// Of each element of a scope, in a provision that has one.
    let scopeElement: Int
    let conditions: Int
    let inactive: Int
    /// Contracts that do not act fully, or are about another identity or custodian.
    let elsewhere: Int

    /// What a network might hold.
    static let population = ContractMix(
        basic: 65, denies: 15, actors: 50, periods: 40, ended: 10, nested: 50, nestedCountMax: 2,
        scopeElement: 30, conditions: 12, inactive: 3, elsewhere: 2)
    /// Everything often, so that the rules meet.
    static let everything = ContractMix(
        basic: 15, denies: 35, actors: 35, periods: 30, ended: 40, nested: 55, nestedCountMax: 3,
        scopeElement: 30, conditions: 15, inactive: 10, elsewhere: 15)
}

/// Draws contracts for one patient; each could have been compiled from a document.
struct ContractGenerator {
    private static let conditions: [AccessCondition] = [
        .credential(type: "https://credentials.example/physician", issuer: nil),
        .credential(
            type: "https://credentials.example/physician", issuer: "https://board.example/cardiology"),
        .careRelationship([.referral, .encounter]), .session, .uses(max: 3),
        .timeWindow(everyWorkingDay),
    ]
    private static let everyWorkingDay: TimeWindow = {
        guard let window = TimeWindow(days: 1...5, startMinute: 480, endMinute: 1_080) else {
            preconditionFailure("eight to eighteen o'clock from Monday to Friday is a time window")
        }
        return window
    }()

    let setting: CareSetting
    let mix: ContractMix

    /// Draws a contract with how far it acts.
    func standing(_ random: inout SeededRandom) -> StandingContract {
        let contract = CompiledContract(terms(&random))
        return StandingContract(contract, random.isTrue(percent: mix.elsewhere) ? .restrictionsOnly : .full)
    }

    func terms(_ random: inout SeededRandom) -> ContractTerms {
        if random.isTrue(percent: mix.basic) { return basicTerms(&random) }
        let root = provision(effect(&random), &random)
        var nested: [Provision] = []
        if random.isTrue(percent: mix.nested) {
            for _ in 0...random.below(mix.nestedCountMax) { nested.append(refinement(of: root, &random)) }
        }
        return terms(root, nested, &random)
    }

    /// Draws a contract as PCF Basic has it: one provision with actor, purpose and period.
    func basicTerms(_ random: inout SeededRandom) -> ContractTerms {
        let root = Provision(
            effect(&random), actors: actors(&random),
            purposes: random.isTrue(percent: 70)
                ? [.treatment] : random.some(of: setting.purposes, upTo: 2),
            period: period(&random))
        return terms(root, [], &random)
    }

    private func terms(
        _ root: Provision, _ nested: [Provision], _ random: inout SeededRandom
    ) -> ContractTerms {
        let isElsewhere = random.isTrue(percent: mix.elsewhere)
        let custodians =
            isElsewhere
            ? random.some(of: [setting.otherCustodian, setting.custodian[1]], upTo: 2)
            : [setting.custodian[0]]
        return ContractTerms(
            contractID: random.uuid(), version: random.hex(byteCount: 32),
            status: random.isTrue(percent: mix.inactive) ? .inactive : .active,
            patient: random.isTrue(percent: mix.elsewhere) ? setting.linkedPatient : setting.patient,
            custodians: custodians, policyURI: ImplicitPolicy.basicNormal.rawValue, root: root,
            nested: nested)
    }

    private func effect(_ random: inout SeededRandom) -> ProvisionEffect {
        random.isTrue(percent: mix.denies) ? .deny : .permit
    }

    private func provision(_ effect: ProvisionEffect, _ random: inout SeededRandom) -> Provision {
        Provision(
            effect, actors: actors(&random),
            purposes: random.isTrue(percent: 75) ? random.some(of: setting.purposes, upTo: 3) : [],
            actions: random.isTrue(percent: 15)
                ? random.pick([[.access], [.use], [.disclose], [.access, .disclose]]) : [],
            period: period(&random),
            conditions: random.isTrue(percent: mix.conditions)
                ? random.some(of: Self.conditions, upTo: 2) : [],
            scope: scope(DataScope(), &random))
    }

    /// Draws a provision inside another: what it states replaces, a period is intersected.
    private func refinement(of root: Provision, _ random: inout SeededRandom) -> Provision {
        let effect = random.isTrue(percent: 75) ? root.effect.opposite : root.effect
        let own = provision(effect, &random)
        return Provision(
            effect, actors: own.actors.isEmpty ? root.actors : own.actors,
            purposes: random.isTrue(percent: 70) || own.purposes.isEmpty ? root.purposes : own.purposes,
            actions: own.actions.isEmpty ? root.actions : own.actions,
            period: Self.intersection(own.period, root.period),
            conditions: own.conditions.isEmpty ? root.conditions : own.conditions,
            scope: scope(root.scope, &random))
    }

    private static func intersection(_ inner: Interval?, _ outer: Interval?) -> Interval? {
        guard let inner, let outer else { return inner ?? outer }
        let start = [inner.start, outer.start].compactMap { $0 }.max()
        let end = [inner.end, outer.end].compactMap { $0 }.min()
        // No document states a period that ends before it begins.
        if let start, let end, start > end { return outer }
        return Interval(start: start, end: end)
    }

    private func actors(_ random: inout SeededRandom) -> [String] {
        guard random.isTrue(percent: mix.actors) else { return [] }
        return random.some(
            of: setting.practitioners + setting.teams + setting.employers.map { $0[0] } + [setting.patient],
            upTo: 2)
    }

    private func period(_ random: inout SeededRandom) -> Interval? {
        guard random.isTrue(percent: mix.periods) else { return nil }
        // Now and then to the millisecond, since both ends belong to a period.
        let shift = random.pick([0, 0, 1, 30 * CareSetting.dayMilliseconds])
        if random.isTrue(percent: mix.ended) {
            return random.isTrue(percent: 80)
                ? Interval(start: setting.instants.min(), end: CareSetting.now - shift)
                : Interval(start: CareSetting.now + shift, end: nil)
        }
        return Interval(
            start: random.pick(setting.instants),
            end: random.isTrue(percent: 70) ? CareSetting.now + 365 * CareSetting.dayMilliseconds : nil)
    }

    /// Draws a scope from one around it; labels are one element.
    private func scope(_ outer: DataScope, _ random: inout SeededRandom) -> DataScope {
        func isStated(_ random: inout SeededRandom) -> Bool { random.isTrue(percent: mix.scopeElement) }
        let dataPeriod = isStated(&random) ? dataPeriod(&random) : outer.dataPeriod
        let data = random.isTrue(percent: mix.scopeElement / 2) ? data(&random) : outer.data
        var confidentialities = outer.confidentialities
        var sensitivities = outer.sensitivities
        if isStated(&random) {
            confidentialities =
                random.isTrue(percent: 60) ? [random.pick([.normal, .restricted, .veryRestricted])] : []
            sensitivities =
                confidentialities.isEmpty || random.isTrue(percent: 40)
                ? random.some(of: setting.sensitivities, upTo: 2) : []
        }
        return DataScope(
            dataPeriod: dataPeriod, data: data, confidentialities: confidentialities,
            sensitivities: sensitivities,
            classes: random.isTrue(percent: mix.scopeElement / 2)
                ? [random.pick(setting.types)] : outer.classes,
            codes: random.isTrue(percent: mix.scopeElement / 3)
                ? random.some(of: setting.codes, upTo: 2) : outer.codes)
    }

    private func dataPeriod(_ random: inout SeededRandom) -> Interval {
        let start = random.pick(setting.instants)
        let end = start + Int64(50 + random.below(400)) * CareSetting.dayMilliseconds
        return random.pick([
            Interval(start: start, end: end), Interval(start: start, end: nil),
            Interval(start: nil, end: start),
        ])
    }

    private func data(_ random: inout SeededRandom) -> [DataReference] {
        let instance = DataReference(
            .instance, "\(random.pick(setting.types))/\(random.pick(setting.resourceIDs))")
        return random.some(
            of: [
                instance, DataReference(.related, random.pick(setting.encounters)),
                DataReference(.authoredBy, random.pick(setting.practitioners)),
            ], upTo: 2)
    }
}
