"""The genesis file: who belongs to a network from its start."""

import hashlib
import re

from .canonical_json import parse_canonical
from .members import VALIDATORS_MAX, MemberReader
from .refusal import require
from .states import NetworkState
from .tokens import has_members, is_text, is_time, is_visible_ascii, milliseconds

GENESIS = "genesis"
GENESIS_BYTES_MAX = 1 << 20
MEMBERS = ("createdAt", "credentialIssuers", "format", "limits", "network", "organizations", "policies", "services",
           "validators")


class Genesis:
    """What verification needs of a genesis file, after all of its rules were checked."""

    def __init__(self, data):
        top = parse_canonical(data, GENESIS, GENESIS_BYTES_MAX, 8)
        require(has_members(top, MEMBERS), GENESIS, "its members are not those of the format")
        require(top["format"] == "consentry-genesis-v1", GENESIS, "its format is not `consentry-genesis-v1`")
        require(is_time(top["createdAt"]), GENESIS, "`createdAt` is not a time")
        require(is_text(top["network"]) and re.fullmatch(r"[a-z0-9-]{1,32}", top["network"]), GENESIS,
                "`network` must be 1 to 32 of a-z, 0-9 and hyphen")
        self.created_at = milliseconds(top["createdAt"])
        self.network_id = hashlib.sha256(data).digest()
        self.check_policies(top["policies"])
        reader = MemberReader(GENESIS)
        organizations = reader.list(top["organizations"], reader.organization)
        require(isinstance(top["validators"], list) and len(top["validators"]) <= VALIDATORS_MAX, GENESIS,
                f"there are more than {VALIDATORS_MAX} validators")
        validators = reader.list(top["validators"], reader.validator)
        self.initial = NetworkState(
            self.network_id, top["network"], organizations, list(enumerate(validators)), len(validators),
            reader.list(top["services"], reader.service), reader.list(top["credentialIssuers"], reader.issuer), [],
            reader.limits(top["limits"]), [])
        self.initial.check(GENESIS)

    @property
    def origin(self):
        return self.initial.origin

    @staticmethod
    def check_policies(value):
        optional = tuple(name for name in ("purposeSystems", "timeZone") if isinstance(value, dict) and name in value)
        require(has_members(value, ("implicit", "registered") + optional), GENESIS, "`policies` has other members")
        systems = value.get("purposeSystems", [])
        require(isinstance(systems, list) and all(map(is_visible_ascii, systems)) and len(set(systems)) == len(systems),
                GENESIS, "`policies.purposeSystems` must be distinct URIs")
        zone = value.get("timeZone", "UTC")
        require(is_text(zone) and re.fullmatch(r"[A-Za-z0-9+_-]{1,32}(/[A-Za-z0-9+_-]{1,32}){0,2}", zone), GENESIS,
                "`policies.timeZone` must be the name of a time zone")
        registered = value["registered"]
        require(isinstance(registered, list) and all(map(is_visible_ascii, registered))
                and value["implicit"] in registered, GENESIS, "the implicit policy must be a registered URI")
        require(len(set(registered)) == len(registered), GENESIS, "a policy is used twice")
