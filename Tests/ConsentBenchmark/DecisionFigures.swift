import ConsentEngine

/// How fast requests are decided and resources judged, one thread, every contract of the population in
/// memory.
struct DecisionFigures {
    private static let bundleResourceCount = 50
    private static let batchRequestCount = 64

    let population: Population
    let runCount: Int
    let seed: UInt64

    /// Requests of one run; fewer where each takes longer. Contracts come in no order, so that they are
    /// seldom in the processor's caches.
    private func requestCount(_ group: PatientGroup) -> Int {
        switch group.contractCount {
        case 1, 5: 50_000
        case 20: 20_000
        default: 5_000
        }
    }

    /// Prints the request step of each group.
    func printRequestStep() {
        Table.head(
            "request step, contracts a patient", "decisions a core", "p50", "p99", "longest", "permits")
        for group in population.groups {
            var random = SeededRandom(seed: seed)
            let questions = (0..<requestCount(group)).map { _ in group.question(&random).0 }
            var runs = Runs()
            var permitCount = 0
            for _ in 0..<runCount {
                var rate = Stopwatch()
                permitCount = 0
                Self.eachBatch(questions) { batch in
                    rate.time {
                        for question in batch where Self.decide(question).effect == .permit {
                            permitCount += 1
                        }
                    }
                }
                var times: [UInt64] = []
                times.reserveCapacity(questions.count)
                Self.eachBatch(questions) { batch in
                    for question in batch { times.append(Self.time(question)) }
                }
                runs.add(count: questions.count, threadNanoseconds: rate.nanoseconds, times)
            }
            print(runs, "\(group.contractCount)", share: (permitCount, questions.count))
        }
    }

    /// Gives out questions a few at a time, each with a fresh copy of its request: a request has just been
    /// read when it is decided, contracts have not been touched.
    private static func eachBatch(
        _ questions: [PatientGroup.Question], _ body: (ArraySlice<PatientGroup.Question>) -> Void
    ) {
        var start = 0
        while start < questions.count {
            let end = min(start + batchRequestCount, questions.count)
            body(questions[start..<end].map(\.fresh)[...])
            start = end
        }
    }

    private static func decide(_ question: PatientGroup.Question) -> ConsentDecision {
        ConsentEvaluator.decide(
            question.request, contracts: question.contracts, policies: Population.policies)
    }

    private static func time(_ question: PatientGroup.Question) -> UInt64 {
        let start = Process.nanoseconds
        let decision = decide(question)
        let end = Process.nanoseconds
        precondition(decision.purposes.count == 1, "one purpose was asked for")
        return end - start
    }

    private func print(_ runs: Runs, _ name: String, share: (Int, Int)) {
        Table.row(
            name, Table.rate(runs.medianRate), Table.microseconds(runs.medianP50),
            Table.microseconds(runs.medianP99), Table.microseconds(runs.medianMax),
            "\(share.0 * 100 / max(1, share.1)) %")
    }

    /// Prints the resource step of each group: rules are prepared once for a request, and every resource of a
    /// bundle is held against them. What preparing costs is the request step.
    func printResourceStep() {
        Table.head(
            "resource step, contracts a patient", "resources a core", "p50", "p99", "longest", "permits")
        for group in population.groups {
            var random = SeededRandom(seed: seed &+ 1)
            let bundles = (0..<min(2_000, requestCount(group))).map { _ in
                let (question, generator) = group.question(&random)
                let resources = (0..<Self.bundleResourceCount).map { _ in
                    generator.resource(of: question.request.custodian, &random)
                }
                return Bundle(decision: Self.decide(question).purposes[0], resources: resources)
            }
            var runs = Runs()
            var permitCount = 0
            let resourceCount = bundles.count * Self.bundleResourceCount
            for _ in 0..<runCount {
                let start = Process.threadNanoseconds
                permitCount = bundles.reduce(0) { $0 + $1.permitCount() }
                let elapsed = Process.threadNanoseconds - start
                runs.add(count: resourceCount, threadNanoseconds: elapsed, bundles.flatMap { $0.times() })
            }
            print(runs, "\(group.contractCount)", share: (permitCount, resourceCount))
        }
    }
}

/// A decision and the resources that it is to be held against.
private struct Bundle {
    let decision: PurposeDecision
    let resources: [ResourceFacts]

    func permitCount() -> Int {
        var count = 0
        for resource in resources where decision.judge(resource).effect == .permit { count += 1 }
        return count
    }

    func times() -> [UInt64] {
        resources.map { resource in
            let start = Process.nanoseconds
            let verdict = decision.judge(resource)
            let end = Process.nanoseconds
            precondition(verdict.clauses.isEmpty || verdict.reason != .noContractApplies(.denyAll))
            return end - start
        }
    }
}
