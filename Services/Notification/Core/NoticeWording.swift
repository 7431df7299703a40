package import Model

extension Notice {
    /// The notice in one or two plain sentences: who, what, where, what for, and when.
    ///
    /// - Parameter names: of the participants whom ``participants`` lists, as far as they are known.
    package func summary(names: [ParticipantID: KnownParticipant]) -> String {
        let words = NoticeWords(patient: patient, names: names)
        switch content {
        case .access(let access): return sentence(of: access, words)
        case .consent(let terms): return sentence(of: terms, words)
        }
    }

    private func sentence(of access: AccessStatement, _ words: NoticeWords) -> String {
        let who = words.reader(access)
        let place = words.place(access.custodian)
        let purposes = NoticeWords.purposes(access.purposes)
        let end = words.system(access.system) + ", \(NoticeWords.moment(time))."
        let be = access.reader == patient ? "were" : "was"
        switch kind {
        case .accessDecided where access.isPermitted:
            let refused = access.refusedPurposes
            let rest = refused.isEmpty ? "" : ", and refused\(NoticeWords.purposes(refused))"
            return NoticeWords.sentence(
                "\(who) \(be) permitted to read your records\(place)\(purposes)\(rest)\(end)")
        case .accessDecided:
            let asked = NoticeWords.purposes(access.purposes + access.refusedPurposes)
            return NoticeWords.sentence(
                "\(who) asked to read your records\(place)\(asked) and \(be) refused\(end)")
        case .accessDisclosed:
            return disclosure(access, "\(place)", "to \(who)\(purposes)\(end)")
        case .accessRefused:
            return NoticeWords.sentence(
                "\(who) tried to read your records\(place)\(purposes) and \(be) refused\(end)")
        case .consentGranted, .consentDenied, .consentRevoked:
            preconditionFailure("a notice of a consent has the terms of the consent as its content")
        }
    }

    private func disclosure(_ access: AccessStatement, _ place: String, _ recipient: String) -> String {
        switch access.count {
        case nil: "Parts of your records\(place) were released \(recipient)"
        case 0: "Your records\(place) were searched, and nothing was released \(recipient)"
        case 1: "One entry of your records\(place) was released \(recipient)"
        case .some(let count): "\(count) entries of your records\(place) were released \(recipient)"
        }
    }

    private func sentence(of terms: ConsentTerms?, _ words: NoticeWords) -> String {
        let rule = terms.map { words.rule($0) }
        switch kind {
        case .consentGranted:
            let end = rule.map { ": it \($0)." } ?? "."
            return "Your consent, given \(NoticeWords.moment(time)), is in force\(end)"
        case .consentDenied:
            let end = rule.map { ": it \($0)." } ?? "."
            // A consent with exceptions is published as a denial is, and is still a consent.
            let noun = terms?.isPermit == true ? "consent" : "refusal"
            return "Your \(noun), given \(NoticeWords.moment(time)), is in force\(end)"
        case .consentRevoked:
            return rule.map { "Your consent that \($0) was revoked \(NoticeWords.moment(time))." }
                ?? "A consent of yours was revoked \(NoticeWords.moment(time))."
        case .accessDecided, .accessDisclosed, .accessRefused:
            preconditionFailure("a notice of an access has the statement of the access as its content")
        }
    }
}

/// Puts ids, codes and times into words for one patient.
struct NoticeWords {
    /// Names that a list spells out; the others are counted.
    private static let listedCountMax = 4

    let patient: ParticipantID
    let names: [ParticipantID: KnownParticipant]

    func name(_ id: ParticipantID) -> String {
        id == patient ? "you" : names[id]?.name ?? "a participant whose name is not known here"
    }

    /// The person and the organisation that they acted for.
    func reader(_ access: AccessStatement) -> String {
        guard let reader = access.reader else {
            return access.organization.map { "somebody of \(name($0))" } ?? "somebody"
        }
        guard reader != patient, let organization = access.organization, organization != reader else {
            return name(reader)
        }
        return "\(name(reader)) of \(name(organization))"
    }

    func place(_ custodian: ParticipantID?) -> String { custodian.map { " at \(name($0))" } ?? "" }

    func system(_ system: ParticipantID?) -> String { system.map { ", through \(name($0))" } ?? "" }

    /// What a consent does, to follow "it" or "that".
    func rule(_ terms: ConsentTerms) -> String {
        var actors = terms.actors.map { name($0) }
        if terms.namesOthers { actors.append("others whom it describes") }
        let who = actors.isEmpty ? "everybody" : Self.list(actors)
        let place = terms.custodians.isEmpty ? "" : " at " + Self.list(terms.custodians.map { name($0) })
        let exceptions = terms.hasExceptions ? ", with exceptions" : ""
        let verb = terms.isPermit ? "permits \(who)" : "forbids \(who)"
        return "\(verb) to read your records\(place)\(Self.purposes(terms.purposes))\(exceptions)"
    }

    static func purposes(_ codes: [String]) -> String {
        codes.isEmpty ? "" : " for " + list(codes.map { PurposeWords.words(of: $0) })
    }

    static func list(_ words: [String]) -> String {
        var shown = Array(words.prefix(listedCountMax))
        let others = words.count - shown.count
        if others > 0 { shown.append(others == 1 ? "one other" : "\(others) others") }
        guard shown.count > 1, let last = shown.popLast() else { return shown.first ?? "" }
        return "\(shown.joined(separator: ", ")) and \(last)"
    }

    /// A time as `on 22 November 2026 at 19:00 UTC`.
    static func moment(_ time: Timestamp) -> String {
        let parts = time.description.split { "-T:".contains($0) }
        let months = [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December",
        ]
        guard parts.count >= 5, let month = Int(parts[1]), let day = Int(parts[2]), (1...12).contains(month)
        else { return "at \(time)" }
        return "on \(day) \(months[month - 1]) \(parts[0]) at \(parts[3]):\(parts[4]) UTC"
    }

    /// Begins a sentence with a capital letter; a name keeps its own.
    static func sentence(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
