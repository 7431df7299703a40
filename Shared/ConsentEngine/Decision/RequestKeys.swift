/// What contracts are held against of a request, in the form in which they hold it themselves.
struct RequestKeys {
    /// The references while their bytes are held in place.
    struct References {
        let patients: PackedReferences
        let custodian: PackedReferences
        /// The person, the groups that list them, and the organisations for which they act.
        let parties: PackedReferences
    }

    private let bytes: [UInt8]
    private let patients: Range<Int>
    private let custodian: Range<Int>
    private let parties: Range<Int>
    let action: ConsentAction
    let conditions: [ContractCondition: Truth]
    let atMilliseconds: Int64

    init(_ request: AccessRequestFacts, custodian: [String]) {
        let partyCount = 1 + request.actingFor.count + request.groups.count
        var writer = PackedWriter(
            referenceCount: 1 + request.linkedPatients.count + custodian.count + partyCount)
        patients = writer.references(request.patient, request.linkedPatients)
        self.custodian = writer.references(nil, custodian)
        parties = writer.references(request.actor, request.actingFor, request.groups)
        bytes = writer.bytes
        action = request.action
        conditions = request.conditions
        atMilliseconds = request.atMilliseconds
    }

    /// Calls a function with the references.
    func read(_ body: (References) -> Void) {
        bytes.withUnsafeBytes { bytes in
            func part(_ range: Range<Int>) -> PackedReferences {
                PackedReferences(bytes: UnsafeRawBufferPointer(rebasing: bytes[range]))
            }
            body(References(patients: part(patients), custodian: part(custodian), parties: part(parties)))
        }
    }
}

/// A purpose in the form in which provisions are held against it.
struct PurposeKeys {
    let isBreakGlass: Bool
    /// The purposes that cover it, a bit for each index.
    private let covering: UInt64
    private let registered: (system: [UInt8], code: [UInt8])?

    init(_ purpose: PurposeCode) {
        isBreakGlass = purpose == .breakGlass
        switch purpose.value {
        case .standard(let index):
            var covering: UInt64 = Self.bit(index)
            // INVARIANT: break-glass is covered only where it is named.
            var next = isBreakGlass ? nil : PurposeOfUse.table.concepts[Int(index)].parent
            while let parent = next {
                covering |= Self.bit(parent)
                next = PurposeOfUse.table.concepts[Int(parent)].parent
            }
            self.covering = covering
            registered = nil
        case .registered(let coding):
            covering = 0
            var system = PackedWriter()
            system.text(coding.system)
            var code = PackedWriter()
            code.text(coding.code)
            registered = (system.bytes, code.bytes)
        }
    }

    private static func bit(_ index: UInt8) -> UInt64 {
        precondition(index < UInt64.bitWidth, "the table of purposes has fewer than 64 concepts")
        return 1 << UInt64(index)
    }

    /// Moves a reader over the purposes of a provision and tells whether one of them covers this purpose.
    func isNamed(in reader: inout PackedReader) -> Bool {
        var isNamed = false
        for _ in 0..<reader.number() {
            let index = reader.byte()
            guard index == PackedWriter.registeredPurpose else {
                if covering & 1 << UInt64(index) != 0 { isNamed = true }
                continue
            }
            let system = reader.skipText()
            let code = reader.skipText()
            if let registered, reader.bytes[system].elementsEqual(registered.system),
                reader.bytes[code].elementsEqual(registered.code)
            {
                isNamed = true
            }
        }
        return isNamed
    }
}
