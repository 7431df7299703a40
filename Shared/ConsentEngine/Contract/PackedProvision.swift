/// Which elements a packed provision states, in the order in which they follow.
struct PackedElements: OptionSet {
    let rawValue: UInt8

    static let isDeny = PackedElements(rawValue: 1)
    static let purposes = PackedElements(rawValue: 2)
    static let period = PackedElements(rawValue: 4)
    static let actors = PackedElements(rawValue: 8)
    static let actions = PackedElements(rawValue: 16)
    static let conditions = PackedElements(rawValue: 32)
    static let scope = PackedElements(rawValue: 64)
}

extension PackedWriter {
    /// The index of a purpose that is none of the table.
    static let registeredPurpose: UInt8 = 0xFF

    mutating func provision(_ provision: Provision) {
        var elements: PackedElements = provision.effect == .deny ? [.isDeny] : []
        if !provision.actors.isEmpty { elements.insert(.actors) }
        if !provision.purposes.isEmpty { elements.insert(.purposes) }
        if !provision.actions.isEmpty { elements.insert(.actions) }
        if provision.period != nil { elements.insert(.period) }
        if !provision.conditions.isEmpty { elements.insert(.conditions) }
        if !provision.scope.isEverything { elements.insert(.scope) }
        byte(elements.rawValue)
        // Purposes and period come first: they alone say whether break-glass is named.
        if elements.contains(.purposes) { list(provision.purposes) { $0.purpose($1) } }
        if let period = provision.period { interval(period) }
        if elements.contains(.actors) { list(provision.actors) { $0.reference($1) } }
        if elements.contains(.actions) { byte(provision.actions.reduce(0) { $0 | 1 << $1.number }) }
        if elements.contains(.conditions) { list(provision.conditions) { $0.condition($1) } }
        if elements.contains(.scope) { scope(provision.scope) }
    }

    private mutating func list<Element>(
        _ elements: [Element], _ write: (inout PackedWriter, Element) -> Void
    ) {
        number(elements.count)
        for element in elements { write(&self, element) }
    }

    private mutating func purpose(_ purpose: PurposeCode) {
        switch purpose.value {
        case .standard(let index): byte(index)
        case .registered(let coding):
            byte(Self.registeredPurpose)
            text(coding.system)
            text(coding.code)
        }
    }

    private mutating func condition(_ condition: AccessCondition) {
        byte(condition.kind.number)
        switch condition {
        case .credential(let type, let issuer):
            text(type)
            text(issuer ?? "")
        case .careRelationship(let kinds): byte(kinds.reduce(0) { $0 | 1 << $1.number })
        case .session: break
        case .timeWindow(let window):
            byte(UInt8(window.days.reduce(0) { $0 | 1 << $1 }))
            number(window.startMinute)
            number(window.endMinute)
        case .uses(let max): number(max)
        }
    }

    private mutating func scope(_ scope: DataScope) {
        byte(scope.dataPeriod == nil ? 0 : 1)
        if let period = scope.dataPeriod { interval(period) }
        list(scope.data) { writer, item in
            writer.byte(item.meaning.number)
            writer.reference(item.reference)
        }
        byte(scope.confidentialities.reduce(0) { $0 | 1 << $1.rawValue })
        list(scope.sensitivities) { $0.byte($1.index) }
        list(scope.classes) { $0.byte(ResourceTypes.index(of: $1) ?? 0) }
        list(scope.codes) { writer, coding in
            writer.text(coding.system)
            writer.text(coding.code)
        }
    }
}

extension PackedReader {
    mutating func provision() -> Provision {
        let elements = PackedElements(rawValue: byte())
        let purposes = elements.contains(.purposes) ? list { $0.purpose() } : []
        let period = elements.contains(.period) ? interval() : nil
        let actors = elements.contains(.actors) ? list { $0.reference() } : []
        let actions = elements.contains(.actions) ? Self.members(ConsentAction.self, of: byte()) : []
        let conditions = elements.contains(.conditions) ? list { $0.condition() } : []
        let scope = elements.contains(.scope) ? scope() : DataScope()
        return Provision(
            elements.contains(.isDeny) ? .deny : .permit, actors: actors, purposes: purposes,
            actions: actions, period: period, conditions: conditions, scope: scope)
    }

    mutating func list<Element>(_ read: (inout PackedReader) -> Element) -> [Element] {
        (0..<number()).map { _ in read(&self) }
    }

    mutating func purpose() -> PurposeCode {
        let index = byte()
        guard index == PackedWriter.registeredPurpose else { return PurposeCode(index: index) }
        let system = text()
        guard let purpose = PurposeCode(system: system, code: text()) else {
            preconditionFailure("a packed contract holds the purpose that was packed")
        }
        return purpose
    }

    mutating func condition() -> AccessCondition {
        switch AccessCondition.Kind.allCases[Int(byte())] {
        case .credential:
            let type = text()
            let issuer = text()
            return .credential(type: type, issuer: issuer.isEmpty ? nil : issuer)
        case .careRelationship: return .careRelationship(Self.members(CareRelationship.self, of: byte()))
        case .session: return .session
        case .timeWindow:
            let days = byte()
            let start = number()
            guard
                let window = TimeWindow(
                    days: (1...7).filter { days & 1 << $0 != 0 }, startMinute: start, endMinute: number())
            else { preconditionFailure("a packed contract holds the time window that was packed") }
            return .timeWindow(window)
        case .uses: return .uses(max: number())
        }
    }

    mutating func scope() -> DataScope {
        let dataPeriod = byte() == 0 ? nil : interval()
        let data = list { reader in
            let meaning = DataReference.Meaning.allCases[Int(reader.byte())]
            return DataReference(meaning, reader.reference())
        }
        return DataScope(
            dataPeriod: dataPeriod, data: data,
            confidentialities: Self.members(Confidentiality.self, of: byte()),
            sensitivities: list { SensitivityCode(index: $0.byte()) },
            classes: list { ResourceTypes.all[Int($0.byte())] },
            codes: list { reader in
                let system = reader.text()
                guard let coding = Coding(system: system, code: reader.text()) else {
                    preconditionFailure("a packed contract holds the coding that was packed")
                }
                return coding
            })
    }

    private static func members<Member: CaseIterable>(_ type: Member.Type, of bits: UInt8) -> [Member] {
        zip(Member.allCases, 0...).filter { bits & 1 << $0.1 != 0 }.map(\.0)
    }
}

extension CaseIterable where Self: Equatable {
    /// The place of a case among all, which the packed form writes.
    var number: UInt8 {
        for (index, member) in Self.allCases.enumerated() where member == self { return UInt8(index) }
        preconditionFailure("a case is one of all cases")
    }
}
