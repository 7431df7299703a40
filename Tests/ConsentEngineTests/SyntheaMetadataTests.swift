import ConsentEngine
import Foundation
import Model
import TestSupport
import Testing

/// Every resource of every Bundle of the corpus, read as `records` would: the codes of a Bundle's resources
/// first.
enum SyntheaCorpus {
    static let resources: [JSONValue] = bundles.flatMap(\.self)

    static let bundles: [[JSONValue]] = Corpora.names(in: "synthea").filter { $0.hasSuffix(".json") }
        .compactMap {
            try? ConsentCorpus.json("synthea/\($0)")["entry"]?.array?.compactMap { $0["resource"] }
        }

    static let metadata: [ResourceMetadata] = bundles.flatMap { bundle in
        var codes: [String: Known<Coding>] = [:]
        for resource in bundle {
            guard let one = ResourceMetadata(resource: resource) else { continue }
            codes["urn:uuid:\(one.id)"] = one.codes
        }
        return bundle.compactMap { ResourceMetadata(resource: $0, codesByReference: codes) }
    }
}

@Suite(.enabled(if: Corpora.isPresent, "corpora/synthea is absent"))
struct SyntheaMetadataTests {
    /// Per type: resources, those with a date, those whose authors are all told, those whose codes are, the
    /// codes, and the references to Encounters and the like.
    ///
    /// A Goal of Synthea states neither a date nor a code, an ImagingStudy nobody, an ExplanationOfBenefit
    /// the insurer by its name alone.
    static let expected: [String] = [
        "CarePlan 12 12 0 12 35 12", "Claim 109 109 109 109 387 204", "Condition 26 26 0 26 26 26",
        "DiagnosticReport 42 42 0 42 84 42", "Encounter 91 91 91 91 199 0",
        "ExplanationOfBenefit 91 91 0 91 351 91", "Goal 15 0 0 0 0 0", "ImagingStudy 1 1 0 1 1 1",
        "Immunization 95 95 0 95 95 95", "MedicationRequest 18 18 18 18 18 18",
        "Observation 699 699 0 699 1563 699", "Organization 114 0 0 114 114 0", "Patient 8 0 0 8 0 0",
        "Practitioner 114 0 0 114 0 0", "Procedure 48 48 0 48 48 48",
    ]

    static func row(_ type: String, _ all: [ResourceMetadata]) -> String {
        let dated = all.count { $0.clinicalDate != nil }
        let authored = all.count { $0.authors.isComplete }
        let coded = all.count { $0.codes.isComplete }
        let codes = all.map(\.codes.elements.count).reduce(0, +)
        let related = all.map(\.related.elements.count).reduce(0, +)
        return "\(type) \(all.count) \(dated) \(authored) \(coded) \(codes) \(related)"
    }

    @Test func everyResourceOfTheCorpusIsRead() {
        let all = SyntheaCorpus.metadata
        #expect(all.count == SyntheaCorpus.resources.count)
        let rows = Dictionary(grouping: all, by: \.type).sorted { $0.key < $1.key }.map(Self.row)
        #expect(rows == Self.expected, "\(rows.joined(separator: "\n"))")
    }

    @Test func everyReferenceToAnEncounterIsToldAndNoLabelIsStated() {
        let incomplete = SyntheaCorpus.metadata.filter { !$0.related.isComplete }
        #expect(incomplete.isEmpty, "\(incomplete.prefix(3))")
        #expect(SyntheaCorpus.metadata.allSatisfy { $0.statedLabels == .none })
    }

    /// `records` reads a resource alone when the Bundle is gone: then a diagnosis that is only referred to is
    /// a gap, in the 55 Claims and 23 ExplanationsOfBenefit that have one.
    @Test func aReferenceInPlaceOfACodeIsAGapUntilItIsResolved() {
        let alone = SyntheaCorpus.resources.compactMap { ResourceMetadata(resource: $0) }
        let gaps = Dictionary(grouping: alone.filter { !$0.codes.isComplete }, by: \.type)
            .mapValues(\.count)
        #expect(gaps == ["Claim": 55, "ExplanationOfBenefit": 23, "Goal": 15])
    }

    @Test func aTypeOfTheCorpusThatTheTableMissesWouldShow() {
        let types = Set(SyntheaCorpus.resources.compactMap { $0["resourceType"]?.string })
        #expect(types.count == Self.expected.count)
    }

    @Test func labelsTheCorpusByTheStandardRules() {
        let labeller = Labeller(rules: .standard)
        var counts: [String: Int] = [:]
        for metadata in SyntheaCorpus.metadata {
            let labels = labeller.label(metadata).labels
            let text = labels.map {
                ([$0.confidentiality.code] + $0.sensitivities.map(\.code)).joined(separator: " ")
            }
            counts["\(metadata.type) \(text ?? "undetermined")", default: 0] += 1
        }
        let sensitive = counts.filter { !$0.key.hasSuffix(" N") }
        #expect(sensitive == ["MedicationRequest R SEX": 4, "Goal undetermined": 15])
    }
}
