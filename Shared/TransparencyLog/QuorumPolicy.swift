import Cryptography

/// Says whose signatures make a checkpoint trusted (C2SP tlog-policy, with one group of cosigners).
package struct QuorumPolicy: Hashable, Sendable {
    /// The log's name.
    package let origin: String
    /// The keys of type 0x01 of which one must have signed; when there are none, none needs to.
    package let logKeys: [NoteVerifierKey]
    /// The keys of type 0x04 that count towards the quorum.
    package let cosigners: [NoteVerifierKey]
    /// How many different cosigners must have signed, at least 1.
    package let quorum: Int

    /// States a policy for a log with several log keys, one a validator.
    package init(origin: String, logKeys: [NoteVerifierKey], cosigners: [NoteVerifierKey], quorum: Int) {
        self.origin = origin
        self.logKeys = logKeys
        self.cosigners = cosigners
        self.quorum = quorum
    }

    /// States a policy for a log with one log key or none.
    package init(origin: String, logKey: NoteVerifierKey?, cosigners: [NoteVerifierKey], quorum: Int) {
        self.init(origin: origin, logKeys: logKey.map { [$0] } ?? [], cosigners: cosigners, quorum: quorum)
    }

    /// The first log key, if the policy lists one.
    package var logKey: NoteVerifierKey? { logKeys.first }

    /// Gives the checkpoint when the policy trusts the note.
    ///
    /// Signatures of keys that are not listed are passed over; a listed key's signature that does not
    /// verify refuses the whole note. Several signatures of one cosigner count once.
    /// - Throws: `NoteError` that says what is missing or wrong.
    package func verify(_ note: SignedNote) throws(NoteError) -> Checkpoint {
        try requireSound()
        let checkpoint = try Checkpoint(parsing: note.text)
        guard NoteText.same(checkpoint.origin, origin) else {
            throw .wrongOrigin(expected: origin, found: checkpoint.origin)
        }
        var signedByLog = logKeys.isEmpty
        for key in logKeys where try note.isSigned(by: key) { signedByLog = true }
        var signers: Set<PublicSigningKey> = []
        for cosigner in cosigners where try note.isSigned(by: cosigner) { signers.insert(cosigner.key) }
        guard signers.count >= quorum else {
            throw .quorumNotReached(valid: signers.count, needed: quorum)
        }
        guard signedByLog else { throw .logSignatureMissing(origin: origin) }
        return checkpoint
    }

    /// The policy as a C2SP tlog-policy file, for other verifiers.
    package var policyFile: String {
        var text = ""
        for key in logKeys { text += "log \(key.vkey)\n" }
        // Names in a policy file mean nothing outside it; numbers cannot collide with `none` or each
        // other.
        let names = (1...max(cosigners.count, 1)).map { "cosigner-\($0)" }.prefix(cosigners.count)
        for (name, key) in zip(names, cosigners) { text += "witness \(name) \(key.vkey)\n" }
        text += "group validators \(quorum) \(names.joined(separator: " "))\n"
        return text + "quorum validators\n"
    }

    /// - Throws: `NoteError.unsoundPolicy`.
    private func requireSound() throws(NoteError) {
        let distinct = Set(cosigners.map(\.key)).count
        // SPEC tlog-policy: 1 <= k <= n, and no witness twice.
        guard distinct == cosigners.count else { throw .unsoundPolicy("a cosigner's key is listed twice") }
        guard quorum >= 1, quorum <= distinct else {
            throw .unsoundPolicy(
                "a quorum of `\(quorum)` out of `\(distinct)` cosigners demands nothing or too much")
        }
        guard logKeys.allSatisfy({ $0.kind == .log }), cosigners.allSatisfy({ $0.kind == .cosignature })
        else {
            throw .unsoundPolicy("log keys have type 0x01 and cosigners type 0x04")
        }
    }
}
