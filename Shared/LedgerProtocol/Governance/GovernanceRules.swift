import Cryptography
package import Model

/// What a governance document does to the state that it names.
package enum GovernanceRules {
    /// Checks a document against the state in force and gives the state of the next height.
    ///
    /// - Parameter height: the height of the block that the document is in.
    /// - Throws: `GovernanceFault` for the first thing that does not hold.
    package static func apply(
        _ document: GovernanceDocument, to state: NetworkState, at height: BlockHeight
    ) throws(GovernanceFault) -> NetworkState {
        guard document.networkID == state.networkID else {
            throw GovernanceFault(.wrongNetwork, "the document is for another network")
        }
        guard document.replaces == state.hash else {
            throw GovernanceFault(
                .stale, "the document replaces another state of the network; propose it again")
        }
        guard document.expires >= height else {
            throw GovernanceFault(
                .expired, "the document was good until height `\(document.expires)`; propose it again")
        }
        try checkApprovals(document, state)
        let next = try result(of: document, on: state)
        guard next != state else {
            throw GovernanceFault(.notAllowed, "the document changes nothing")
        }
        return next
    }

    /// The state that the changes alone would lead to, whoever has signed them.
    ///
    /// - Throws: `GovernanceFault` with `.notAllowed`.
    package static func result(
        of document: GovernanceDocument, on state: NetworkState
    ) throws(GovernanceFault) -> NetworkState {
        var members = state.members
        for change in document.changes { try make(change, &members) }
        do throws(GenesisFault) {
            try GenesisRules.check(members, network: state.network, document: "network after the change")
        } catch {
            throw GovernanceFault(.notAllowed, error.sentence)
        }
        return NetworkState(networkID: state.networkID, network: state.network, members: members)
    }

    /// How many organisations must sign, and which one must be among them where it is its own affair alone.
    ///
    /// An organisation gives its own services new keys alone; anything else needs a quorum, as does the word
    /// that a key is compromised: nobody disowns alone what is on the ledger.
    package static func approvalsNeeded(
        for document: GovernanceDocument, on state: NetworkState
    ) -> (count: Int, owner: ParticipantID?) {
        var owners: Set<ParticipantID> = []
        for change in document.changes {
            guard case .replaceService(let service) = change else { return (state.organizationQuorum, nil) }
            owners.insert(service.organization)
        }
        return owners.count == 1 ? (1, owners.first) : (state.organizationQuorum, nil)
    }

    private static func checkApprovals(
        _ document: GovernanceDocument, _ state: NetworkState
    ) throws(GovernanceFault) {
        let signedBytes = document.signedBytes
        for approval in document.approvals {
            guard let organization = state.organization(approval.organization) else {
                throw GovernanceFault(
                    .badSignature, "the organisation `\(approval.organization)` signed and takes no part")
            }
            guard organization.key.verifies(approval.signature, of: signedBytes) else {
                throw GovernanceFault(
                    .badSignature, "the signature of `\(organization.name)` does not verify")
            }
        }
        let needed = approvalsNeeded(for: document, on: state)
        if let owner = needed.owner, document.approvals.contains(where: { $0.organization == owner }) {
            return
        }
        let quorum = state.organizationQuorum
        guard document.approvals.count >= quorum else {
            throw GovernanceFault(
                .quorumNotMet,
                "`\(document.approvals.count)` organisations signed the document and `\(quorum)` must")
        }
    }

    private static func make(
        _ change: GovernanceChange, _ members: inout NetworkMembers
    ) throws(GovernanceFault) {
        switch change {
        case .addOrganization(let organization): members.organizations.append(organization)
        case .removeOrganization(let id):
            members.retiredKeys.append(
                members.organizations.remove(at: try place(of: id, members)).key)
        case .replaceOrganization(let organization):
            let place = try place(of: organization.id, members)
            let old = members.organizations[place]
            if old.key != organization.key { members.retiredKeys.append(old.key) }
            members.organizations[place] = organization
        case .addValidator(let validator): try add(validator, &members)
        case .removeValidator(let index): _ = try remove(index, &members)
        case .replaceValidator(let index, let validator):
            let old = try remove(index, &members)
            guard old.organization == validator.organization else {
                throw GovernanceFault(
                    .notAllowed, "a replaced validator stays with its organisation; remove one and add one")
            }
            try add(validator, &members)
        case .replaceService(let service): try replace(service, &members)
        case .declareCompromise(let compromise): try declare(compromise, &members)
        case .setLimits(let limits): members.limits = limits
        case .setIssuers(let issuers): members.issuers = issuers
        case .setWitnesses(let witnesses): members.witnesses = witnesses
        }
    }

    private static func place(
        of id: ParticipantID, _ members: NetworkMembers
    ) throws(GovernanceFault) -> Int {
        guard let place = members.organizations.firstIndex(where: { $0.id == id }) else {
            throw GovernanceFault(.notAllowed, "the organisation `\(id)` takes no part")
        }
        return place
    }

    private static func declare(
        _ compromise: KeyCompromise, _ members: inout NetworkMembers
    ) throws(GovernanceFault) {
        guard let place = members.compromises.firstIndex(where: { $0.key == compromise.key }) else {
            members.compromises.append(compromise)
            return
        }
        // A later time would give back its trust to what is doubted already.
        let known = members.compromises[place].since
        guard compromise.since < known else {
            throw GovernanceFault(
                .notAllowed,
                "the key is compromised since `\(known)` already; only an earlier time changes that")
        }
        members.compromises[place] = compromise
    }

    private static func add(
        _ validator: GenesisValidator, _ members: inout NetworkMembers
    ) throws(GovernanceFault) {
        let index = members.nextValidatorIndex
        guard index.value < UInt16.max else {
            throw GovernanceFault(.notAllowed, "the network has used up its indices of validators")
        }
        members.validators.append(NetworkValidator(index: index, member: validator))
        members.nextValidatorIndex = ValidatorIndex(index.value + 1)
    }

    private static func remove(
        _ index: ValidatorIndex, _ members: inout NetworkMembers
    ) throws(GovernanceFault) -> GenesisValidator {
        guard let place = members.validators.firstIndex(where: { $0.index == index }) else {
            throw GovernanceFault(.notAllowed, "validator `\(index)` is not in force")
        }
        let old = members.validators.remove(at: place).member
        members.retiredKeys += [old.consensusKey, old.cosignatureKey, old.logKey]
        return old
    }

    private static func replace(
        _ service: GenesisService, _ members: inout NetworkMembers
    ) throws(GovernanceFault) {
        guard let place = members.services.firstIndex(where: { $0.service == service.service }) else {
            throw GovernanceFault(.notAllowed, "the network has no service `\(service.name)`")
        }
        let old = members.services[place]
        guard old.organization == service.organization else {
            throw GovernanceFault(.notAllowed, "the service `\(service.name)` is another organisation's")
        }
        if old.signingKey != service.signingKey { members.retiredKeys.append(old.signingKey) }
        if let key = old.tokenKey, key != service.tokenKey { members.retiredKeys.append(key) }
        members.services[place] = service
    }
}

extension GovernanceRules {
    /// Gives the network after a block of these submissions: the same, or as its one governance entry says.
    ///
    /// - Throws: `RefusalCode` of the first submission that may not be in the block.
    package static func nextState(
        after submissions: [Submission], on state: NetworkState, at height: BlockHeight
    ) throws(RefusalCode) -> NetworkState {
        var next = state
        for submission in submissions {
            guard let changed = try nextState(after: submission, on: state, at: height) else { continue }
            // Both name the state that they replace, so the second of a block is stale.
            guard next == state else { throw .governanceStale }
            next = changed
        }
        return next
    }

    /// Says what a submission may do to the network: nil when it holds private entries only.
    ///
    /// A service submits private entries; an organisation submits one governance entry at a time. Its
    /// signature and its payload's commitment must have been verified.
    /// - Throws: `RefusalCode` as it is stated to the submitter.
    package static func nextState(
        after submission: Submission, on state: NetworkState, at height: BlockHeight
    ) throws(RefusalCode) -> NetworkState? {
        guard let submitter = state.submitter(submission.keyID) else { throw .unknownKey }
        switch submitter {
        case .service:
            guard !submission.hasPublicEntries else { throw .kindNotAllowed }
            return nil
        case .organization:
            guard submission.entryCount == 1, submission.entries[0].kind == .governance,
                let payload = submission.publicPayloads.first
            else { throw .kindNotAllowed }
            do throws(GovernanceFault) {
                return try apply(GovernanceDocument(parsing: payload), to: state, at: height)
            } catch {
                throw error.refusal
            }
        }
    }
}
