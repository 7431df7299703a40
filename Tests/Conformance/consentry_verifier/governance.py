"""Changes to a network: documents that organisations sign and a block holds as a public entry."""

from .canonical_json import canonical, parse_canonical
from .ed25519 import verifies
from .members import MemberReader
from .refusal import Invalid, require
from .states import NetworkState
from .tokens import from_base64, has_members, is_integer, is_text, is_time, is_uuid

GOVERNANCE_KIND = 0x8001
FORMAT = "consentry-governance-v1"
BYTES_MAX = 65_536
CHANGES_MAX = 64
EXPIRES_MAX = 1 << 53
INDEX_MAX = 65_535
MEMBERS_OF_CHANGES = {
    "addOrganization": ("organization",), "removeOrganization": ("organization",),
    "replaceOrganization": ("organization",), "declareCompromise": ("key", "since"), "addValidator": ("validator",),
    "removeValidator": ("index",), "replaceValidator": ("index", "validator"), "replaceService": ("service",),
    "setLimits": ("limits",), "setIssuers": ("issuers",), "setWitnesses": ("witnesses",),
}


class Document:
    """A governance document, read strictly; its signatures are not verified."""

    def __init__(self, data, part):
        self.part, self.reader = part, MemberReader(part)
        top = parse_canonical(data, part, BYTES_MAX, 8)
        require(has_members(top, ("changes", "expires", "format", "network", "replaces", "signatures")), part,
                "its governance document has other members")
        require(top["format"] == FORMAT, part, f"the format of its governance document is not `{FORMAT}`")
        require(is_integer(top["expires"], 1, EXPIRES_MAX), part, "`expires` is not a height")
        self.expires, self.network, self.replaces = int(top["expires"]), top["network"], top["replaces"]
        changes = top["changes"]
        require(isinstance(changes, list) and 1 <= len(changes) <= CHANGES_MAX, part,
                f"there must be 1 to {CHANGES_MAX} changes")
        self.changes = [self.change(value) for value in changes]
        self.approvals = self.reader.list(top["signatures"], self.approval)
        signers = [organization for organization, _ in self.approvals]
        require(signers == sorted(set(signers)), part, "the signatures do not ascend by organisation")
        unsigned = {name: value for name, value in top.items() if name != "signatures"}
        self.signed_bytes = b"consentry/governance/v1\n" + canonical(unsigned).encode("utf-8")

    def approval(self, value):
        require(has_members(value, ("organization", "signature")) and is_uuid(value["organization"]), self.part,
                "a signature is not by an organisation")
        signature = from_base64(value["signature"], 64)
        require(signature is not None, self.part, "a signature is not base64 of 64 bytes")
        return value["organization"], signature

    def change(self, value):
        """Gives the name of a change and its members, read strictly."""
        name = value.get("change") if isinstance(value, dict) else None
        require(is_text(name) and name in MEMBERS_OF_CHANGES, self.part, "a change has no known name")
        names = MEMBERS_OF_CHANGES[name]
        require(has_members(value, names + ("change",)), self.part, f"a change `{name}` has other members")
        members = {member: self.member(name, member, value[member]) for member in names}
        return name, members

    def member(self, change, name, value):
        reader = self.reader
        if name == "index":
            require(is_integer(value, 0, INDEX_MAX), self.part, "an index is not a number")
            return int(value)
        if change == "removeOrganization":
            require(is_uuid(value), self.part, "an organisation is not named by its id")
            return value
        if name == "key":
            return reader.signing_key(value, "key")
        if name == "since":
            require(is_time(value), self.part, "`since` is not a time in UTC with milliseconds")
            return value
        if name == "issuers":
            return reader.list(value, reader.issuer)
        if name == "witnesses":
            return reader.list(value, reader.witness)
        return getattr(reader, name)(value)


class Draft:
    """The members of a state while changes are made to them."""

    def __init__(self, state, part):
        self.part = part
        self.organizations, self.members = list(state.organizations), list(state.members)
        self.services, self.issuers, self.witnesses = list(state.services), state.issuers, state.witnesses
        self.limits, self.next_index, self.retired = state.limits, state.next_index, list(state.retired_keys)
        self.compromised = list(state.compromised_keys)

    def make(self, name, members):
        getattr(self, name)(**members)

    def addOrganization(self, organization):
        self.organizations.append(organization)

    def removeOrganization(self, organization):
        place = self.place(self.organizations, lambda value: value["id"] == organization, "organisation")
        self.retired.append(self.organizations.pop(place)["key"])

    def replaceOrganization(self, organization):
        place = self.place(self.organizations, lambda value: value["id"] == organization["id"], "organisation")
        old = self.organizations[place]
        if old["key"] != organization["key"]:
            self.retired.append(old["key"])
        self.organizations[place] = organization

    def declareCompromise(self, key, since):
        for place, known in enumerate(self.compromised):
            if known["key"] == key:
                # Times of this one form sort as text.
                require(since < known["since"], self.part, "a key is compromised since an earlier time already")
                self.compromised[place] = {"key": key, "since": since}
                return
        self.compromised.append({"key": key, "since": since})

    def addValidator(self, validator):
        require(self.next_index < INDEX_MAX, self.part, "the indices of validators are used up")
        self.members.append((self.next_index, validator))
        self.next_index += 1

    def removeValidator(self, index):
        _, old = self.members.pop(self.place(self.members, lambda value: value[0] == index, "validator"))
        self.retired += [old["consensusKey"], old["cosignatureKey"], old["logKey"]]
        return old

    def replaceValidator(self, index, validator):
        old = self.removeValidator(index)
        require(old["organization"] == validator["organization"], self.part,
                "a replaced validator goes to another organisation")
        self.addValidator(validator)

    def replaceService(self, service):
        place = self.place(self.services, lambda value: value["name"] == service["name"], "service")
        old = self.services[place]
        require(old["organization"] == service["organization"], self.part,
                "a replaced service goes to another organisation")
        for key in ("signingKey", "tokenKey"):
            if key in old and old[key] != service.get(key):
                self.retired.append(old[key])
        self.services[place] = service

    def setLimits(self, limits):
        self.limits = limits

    def setIssuers(self, issuers):
        self.issuers = issuers

    def setWitnesses(self, witnesses):
        self.witnesses = witnesses

    def place(self, values, is_it, noun):
        for place, value in enumerate(values):
            if is_it(value):
                return place
        raise Invalid(self.part, f"a change names a {noun} that is not in force")


def apply(document, state, height):
    """The state of the next height, when the document may be in the block of this height."""
    part = document.part
    require(document.network == state.network_id.hex(), part, "its governance document is for another network")
    require(document.replaces == state.hash.hex(), part, "its governance document replaces another state")
    require(document.expires >= height, part, f"its governance document was good until height {document.expires}")
    check_approvals(document, state)
    draft = Draft(state, part)
    for name, members in document.changes:
        draft.make(name, members)
    following = NetworkState(
        state.network_id, state.network, draft.organizations, draft.members, draft.next_index, draft.services,
        draft.issuers, draft.witnesses, draft.limits, draft.retired, draft.compromised)
    following.check(part)
    require(following.hash != state.hash, part, "its governance document changes nothing")
    return following


def check_approvals(document, state):
    """A quorum of organisations signs, or for its own services alone the organisation that owns them."""
    keys = {organization["id"]: organization["key"] for organization in state.organizations}
    for organization, signature in document.approvals:
        require(organization in keys, document.part, "a signature is by an organisation that takes no part")
        require(verifies(keys[organization], signature, document.signed_bytes), document.part,
                "a signature of its governance document does not verify")
    owners = {members["service"]["organization"] if name == "replaceService" else None
              for name, members in document.changes}
    signers = {organization for organization, _ in document.approvals}
    if len(owners) == 1 and owners <= signers:
        return
    require(len(signers) >= state.organization_quorum, document.part,
            f"{len(signers)} organisations signed its governance document and {state.organization_quorum} must")
