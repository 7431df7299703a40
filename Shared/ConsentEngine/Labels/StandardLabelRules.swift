extension LabelRules {
    /// A small set of well-known codes to begin with. It labels what is plainly sensitive; a custodian adds
    /// its own set, since no short list holds all codes of a subject.
    ///
    /// Substance use rests on 42 CFR Part 2. There is no one law for the other subjects: their basis is the
    /// custodian's notice of privacy practices (NOPP), which binds whoever runs this.
    package static let standard = LabelRules(
        version: "Consentry standard 1",
        rules: [
            rule("alcohol-use", "42CFRPart2", ["ETHUD"], alcoholUse),
            rule("genetics", "NOPP", ["GDIS"], genetics),
            rule("hiv", "NOPP", ["HIV"], hiv),
            rule("opioid-use", "42CFRPart2", ["OPIOIDUD"], opioidUse),
            rule("psychiatry", "NOPP", ["PSY"], psychiatry),
            rule("reproductive-health", "NOPP", ["SEX"], reproductiveHealth),
            rule("sexually-transmitted-disease", "NOPP", ["STD"], sexuallyTransmittedDisease),
            rule("sickle-cell", "NOPP", ["SCA"], [snomed: ["127040003"]]),  // Hb SS disease
            rule("substance-use", "42CFRPart2", ["SUD"], substanceUse),
            rule("violence", "NOPP", ["SDV"], violence),
        ])

    private static let snomed = "http://snomed.info/sct"
    private static let loinc = "http://loinc.org"
    private static let rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm"
    private static let icd10 = "http://hl7.org/fhir/sid/icd-10-cm"

    private static let alcoholUse: [String: [String]] = [
        snomed: [
            "7200002",  // alcoholism
            "15167005",  // alcohol abuse
            "66590003",  // alcohol dependence
        ],
        loinc: [
            "74013-4",  // alcoholic drinks per day
            "72109-2",  // AUDIT-C panel
            "75626-2",  // AUDIT-C total score
        ],
        rxnorm: [
            "3554",  // disulfiram
            "82819",  // acamprosate
        ],
        icd10: ["F10.10", "F10.20"],  // alcohol abuse, alcohol dependence
    ]

    private static let opioidUse: [String: [String]] = [
        snomed: [
            "5602001",  // opioid abuse
            "75544000",  // opioid dependence
        ],
        rxnorm: [
            "1819",  // buprenorphine
            "6813",  // methadone
        ],
        icd10: ["F11.10", "F11.20"],  // opioid abuse, opioid dependence
    ]

    private static let substanceUse: [String: [String]] = [
        snomed: [
            "26416006",  // drug abuse
            "66214007",  // substance abuse
            "191816009",  // drug dependence
            "361055000",  // misuses drugs
        ],
        loinc: ["82667-7"],  // DAST-10 total score
        icd10: ["F19.10", "F19.20"],  // other psychoactive substance abuse, dependence
    ]

    private static let hiv: [String: [String]] = [
        snomed: [
            "62479008",  // AIDS
            "86406008",  // HIV infection
            "91947003",  // asymptomatic HIV infection
            "165816005",  // HIV positive
        ],
        loinc: [
            "20447-9",  // HIV 1 RNA, viral load
            "56888-1",  // HIV 1 and 2 antibodies and p24 antigen
            "75622-1",  // HIV 1 and 2 tests
        ],
        rxnorm: [
            "11413",  // zidovudine
            "195085",  // efavirenz
            "1433868",  // dolutegravir
        ],
        icd10: ["B20", "Z21"],  // HIV disease, asymptomatic HIV infection status
    ]

    private static let psychiatry: [String: [String]] = [
        snomed: [
            "13746004",  // bipolar disorder
            "35489007",  // depressive disorder
            "47505003",  // post-traumatic stress disorder
            "58214004",  // schizophrenia
            "370143000",  // major depressive disorder
        ],
        loinc: [
            "44249-1",  // PHQ-9 panel
            "44261-6",  // PHQ-9 total score
            "70274-6",  // GAD-7 total score
        ],
        icd10: ["F20.9", "F31.9", "F32.9", "F43.10"],  // of the same disorders, unspecified
    ]

    private static let violence: [String: [String]] = [
        snomed: ["706893006"],  // victim of intimate partner abuse
        loinc: ["76504-0"],  // HARK total score
        icd10: ["T74.11XA", "T74.21XA"],  // adult physical abuse, adult sexual abuse, confirmed
    ]

    private static let reproductiveHealth: [String: [String]] = [
        snomed: [
            "19169002",  // miscarriage in first trimester
            "65200003",  // insertion of intrauterine contraceptive device
            "72892002",  // normal pregnancy
            "79586000",  // tubal pregnancy
        ],
        rxnorm: [
            "748856",  // Yaz 28 Day Pack
            "748879",  // Levora 0.15/30 28 Day Pack
            "751905",  // Trinessa 28 Day Pack
            "757594",  // Jolivette 28 Day Pack
        ],
        icd10: ["Z33.1"],  // pregnant state, incidental
    ]

    private static let sexuallyTransmittedDisease: [String: [String]] = [
        snomed: [
            "15628003",  // gonorrhoea
            "76272004",  // syphilis
            "240589008",  // chlamydia trachomatis infection
        ],
        loinc: ["21613-5"],  // Chlamydia trachomatis DNA
        icd10: ["A53.9", "A54.9", "A74.9"],  // syphilis, gonococcal infection, chlamydial infection
    ]

    private static let genetics: [String: [String]] = [
        snomed: [
            "58756001",  // Huntington's chorea
            "190905008",  // cystic fibrosis
        ],
        loinc: [
            "51969-4",  // genetic analysis report
            "55233-1",  // genetic analysis master panel
            "81247-9",  // master HL7 genetic variant reporting panel
        ],
        Labeller.typeSystem: ["MolecularSequence"],
    ]

    private static func rule(
        _ id: String, _ basis: String, _ labels: [String], _ codes: [String: [String]]
    ) -> LabelRule {
        LabelRule(
            id: id, basis: coding(SensitivityCode.system, basis),
            sensitivities: labels.map {
                guard let label = SensitivityCode(code: $0) else {
                    preconditionFailure("the labels above are in the generated table; a test reads them all")
                }
                return label
            },
            codes: codes.flatMap { system, codes in codes.map { coding(system, $0) } })
    }

    private static func coding(_ system: String, _ code: String) -> Coding {
        guard let coding = Coding(system: system, code: code) else {
            preconditionFailure("the codes above are printable ASCII; a test reads them all")
        }
        return coding
    }
}
