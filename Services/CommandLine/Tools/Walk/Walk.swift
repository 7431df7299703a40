import LedgerProtocol
import Model

/// One access to a person's records and what follows from it, step by step.
struct Walk {
    let cast: WalkCast
    let bundle: WalkBundle
    let output: String
    let printer: WalkPrinter
    /// The step that runs, so that a failure can name it.
    private(set) var stepNumber = 0
    private var latencies = LatencySummary([])

    init(cast: WalkCast, bundle: WalkBundle, output: String, printer: WalkPrinter) {
        self.cast = cast
        self.bundle = bundle
        self.output = output
        self.printer = printer
    }

    /// Runs every step; the first failure ends the walk.
    mutating func run(accessCount: Int) async throws {
        try await enrol()
        try await storeRecords()
        let contract = try await signConsent()
        let access = try await readUnderConsent()
        latencies = try await measureAccesses(accessCount)
        let notice = try await receiveNotice(of: access.decision)
        try await checkReceipt(of: notice)
        try await meetRefusal()
        try await revoke(contract, earlierToken: access.token)
        try await summarize()
    }

    private mutating func begin(_ title: String) {
        stepNumber += 1
        printer.step(stepNumber, title)
    }

    private mutating func enrol() async throws {
        begin("Enrol three organisations, a practitioner and a record system of each, and a patient")
        for hospital in cast.hospitals {
            try await cast.enrol(hospital)
            printer.detail(
                "\(hospital.organization.name): \(hospital.practitioner.name); keys made here, proven there")
        }
        try await cast.enrolPatient()
        printer.detail("patient \(cast.patient.id), vouched for by \(cast.custodian.organization.name)")
    }

    private mutating func storeRecords() async throws {
        begin("\(cast.custodian.organization.name) stores the Bundle's clinical resources in the vault")
        let count = try await cast.store(bundle)
        printer.detail("\(count) resources stored, each under a key of its own, byte for byte as they came")
    }

    private mutating func signConsent() async throws -> AcceptedContract {
        begin("The patient permits treatment by \(cast.permitted.organization.name)")
        let contract = try await cast.signConsent()
        printer.detail("FHIR Consent/\(contract.id) signed by the patient's key, final and in force")
        return contract
    }

    private mutating func readUnderConsent() async throws -> (token: String, decision: EntryID) {
        let hospital = cast.permitted
        begin("\(hospital.practitioner.name) of \(hospital.organization.name) asks to treat, and reads")
        let answer = try await cast.requestTreatment(by: hospital)
        guard case .granted(let token, let decision, let index) = answer else {
            throw ClientFailure("the contract permits this access and it was refused")
        }
        printer.detail(
            "permitted: decision \(decision) is entry \(index), in a block that \(quorumText) signed")
        let answerOfRecords = try await readableEverything(token: token)
        try FileBytes.write(answerOfRecords.body, to: "\(output)/records.json")
        let total = answerOfRecords.json["total"]?.int64 ?? 0
        guard total > 0 else {
            throw ClientFailure("the decision permits the records and none were released")
        }
        printer.detail("\(total) resources released, their disclosure written beforehand")
        return (token, decision)
    }

    /// Reads with a token whose decision `records` may not have seen yet.
    private func readableEverything(token: String) async throws -> ServiceAnswer {
        let answer = try await cast.records.readEverything(of: cast.patient.id, token: token)
        guard answer.status == 200 else { throw ClientFailure("records refused: \(answer.problem)") }
        return answer
    }

    private mutating func measureAccesses(_ count: Int) async throws -> LatencySummary {
        var durations: [Duration] = []
        for _ in 0..<count { durations.append(try await cast.measureAccess()) }
        return LatencySummary(durations)
    }

    private mutating func receiveNotice(of decision: EntryID) async throws -> Notice {
        begin("The patient receives a notice of that access, with its receipt")
        let token = try await cast.identity.token(of: cast.patient, for: .notification)
        let (notice, disclosure) = try await Poll.until("the notices with their receipts are in the inbox") {
            let notices = try await cast.inbox.notices(token: token).filter { $0.receipt != nil }
            let disclosure = notices.first { $0.type == EventType.accessDisclosed.rawValue }
            return notices.first { $0.id == decision }.flatMap { notice in disclosure.map { (notice, $0) } }
        }
        printer.detail("“\(notice.summary)”")
        printer.detail("“\(disclosure.summary)”; this disclosure is on the ledger too")
        return notice
    }

    private mutating func checkReceipt(of notice: Notice) async throws {
        begin("The receipt is checked with nothing but itself, the event and the genesis")
        let files = ReceiptFiles(
            receipt: Array((notice.receipt ?? "").utf8), event: try notice.event.canonicalBytes(),
            genesis: cast.genesis.bytes, changes: try await changes())
        try files.write(to: output)
        printer.detail(try files.verify())
        for part in ReceiptFiles.Part.allCases {
            printer.detail(
                "one byte of the \(part.rawValue) flipped: \(try files.failureWithFlippedByte(in: part))")
        }
    }

    /// What a validator of genesis, on duty or not, can prove of the network since.
    private func changes() async throws -> NetworkChangeList {
        guard let validator = cast.genesis.validators.first else { return NetworkChangeList([]) }
        return try await RemoteNetwork(genesis: cast.genesis, url: validator.url).changes().list
    }

    private mutating func meetRefusal() async throws {
        let hospital = cast.refused
        begin("\(hospital.practitioner.name) of \(hospital.organization.name) asks, and is refused")
        guard case .refused(let decision, let sentence) = try await cast.requestTreatment(by: hospital) else {
            throw ClientFailure("no contract permits this access and it was granted")
        }
        printer.detail("told to the practitioner: “\(sentence)”")
        let token = try await cast.identity.token(of: cast.patient, for: .consent)
        let shown = try await Poll.until("the refusal is final") {
            let shown = try await cast.consent.decision(decision, token: token)
            return shown["status"]?.string == "final" ? shown : nil
        }
        printer.detail("refusal \(decision) is on the ledger; the patient sees: “\(Self.reasons(shown))”")
    }

    private mutating func revoke(_ contract: AcceptedContract, earlierToken: String) async throws {
        begin("The patient revokes the contract")
        // A fresh token, so that it is the revocation and not its age that closes it.
        guard case .granted(let token, _, _) = try await cast.requestTreatment(by: cast.permitted) else {
            throw ClientFailure("the contract is in force and access was refused")
        }
        _ = try await readableEverything(token: token)
        let start = ContinuousClock.now
        try await cast.consent.revoke(contract, of: cast.patient)
        guard case .refused(_, let sentence) = try await cast.requestTreatment(by: cast.permitted) else {
            throw ClientFailure("access was granted after the revocation")
        }
        printer.detail("the next request is refused: “\(sentence)”")
        for token in [token, earlierToken] {
            try await Poll.until("a token issued before opens nothing") {
                try await cast.records.readEverything(of: cast.patient.id, token: token).status == 403
                    ? true : nil
            }
        }
        let milliseconds = Int(LatencySummary.milliseconds(ContinuousClock.now - start))
        printer.detail("tokens issued before open nothing, \(milliseconds) ms after the revocation was sent")
    }

    private mutating func summarize() async throws {
        begin("Summary")
        let state = try await LedgerState.read(genesis: cast.genesis, client: ServiceClient())
        printer.detail(
            "\(state.blockCount) blocks, \(state.entryCount) entries of the suite, \(quorumText) each")
        if let median = latencies.milliseconds(percentile: 50),
            let p99 = latencies.milliseconds(percentile: 99)
        {
            printer.detail(
                "request to final decision over \(latencies.count) accesses: p50 \(Self.rounded(median)) ms, "
                    + "p99 \(Self.rounded(p99)) ms")
        }
    }

    /// Where the files, logs and streams of the walk are, as commands that can be copied.
    func printWhereToLook(networkFolder: String, kafka: String) {
        let program = CommandLine.arguments.first ?? "consentry"
        let genesis = "--genesis \(networkFolder)/genesis.json"
        printer.detail("records read, receipt and event: \(output)")
        printer.detail("check the receipt again, with no service running:")
        printer.detail(
            "  \(program) verify receipt --receipt \(output)/receipt.txt "
                + "--event \(output)/event.json \(genesis)"
        )
        printer.detail("what a subscribing system sees, and what it can open:")
        printer.detail(
            "  kcat -b \(kafka) -C -e -q -t access.events.demo | \(program) events open - "
                + "--key \(networkFolder)/subscribers/demo/sealing.key \(genesis)")
    }

    private var quorumText: String {
        "at least \(cast.genesis.initial.quorum) of \(cast.genesis.validators.count) validators"
    }

    private static func reasons(_ decision: JSONValue) -> String {
        (decision["explanation"]?.array ?? []).compactMap(\.string).joined(separator: " ")
    }

    private static func rounded(_ milliseconds: Double) -> String {
        String((milliseconds * 10).rounded() / 10)
    }
}
