"""Who belongs to a network at a height, and every state that it has had."""

import hashlib
import struct

from .canonical_json import canonical
from .members import VALIDATOR_KEYS, VALIDATORS_MAX, json_of
from .refusal import require
from .tokens import milliseconds

STATE_FORMAT = "consentry-network-state-v1"


def quorum_of(count):
    return 2 * count // 3 + 1


class NetworkState:
    """Organisations, validators, services and limits in force; `members` are the validators with their indices."""

    def __init__(self, network_id, network, organizations, members, next_index, services, issuers, witnesses, limits,
                 retired_keys, compromised_keys=()):
        self.network_id, self.network, self.origin = network_id, network, "consentry.example/" + network
        self.organizations, self.members, self.next_index = organizations, members, next_index
        self.services, self.issuers, self.witnesses = services, issuers, witnesses
        self.limits, self.retired_keys, self.compromised_keys = limits, retired_keys, list(compromised_keys)
        self.services_by_key = {hashlib.sha256(value["signingKey"]).digest(): value for value in services}
        self.organizations_by_key = {hashlib.sha256(value["key"]).digest(): value for value in organizations}

    @property
    def quorum(self):
        return quorum_of(len(self.members))

    @property
    def fault_max(self):
        return (len(self.members) - 1) // 3

    @property
    def organization_quorum(self):
        return quorum_of(len(self.organizations))

    @property
    def validator_set_hash(self):
        """`CSV1`, the count, and for each validator its name and its three keys."""
        parts = [b"CSV1", struct.pack(">H", len(self.members))]
        for _, validator in self.members:
            name = validator["name"].encode("utf-8")
            parts += [struct.pack(">H", len(name)), name] + [validator[key] for key in VALIDATOR_KEYS]
        return hashlib.sha256(b"".join(parts)).digest()

    @property
    def hash(self):
        """SHA-256 of the canonical JSON of everything, by which a change names the state that it replaces."""
        document = {
            "format": STATE_FORMAT, "issuers": self.issuers, "limits": self.limits, "network": self.network,
            "networkId": self.network_id.hex(), "nextValidatorIndex": self.next_index,
            "organizations": self.organizations, "retiredKeys": self.retired_keys, "services": self.services,
            "validators": [{"index": index, "validator": validator} for index, validator in self.members],
            "witnesses": self.witnesses,
        }
        if self.compromised_keys:
            document["compromisedKeys"] = self.compromised_keys
        return hashlib.sha256(canonical(json_of(document)).encode("utf-8")).digest()

    def check(self, part):
        """The rules that hold at every height."""
        validators = [validator for _, validator in self.members]
        require(self.organizations and self.services, part, "an organisation and a service must remain")
        require(1 <= len(validators) <= VALIDATORS_MAX, part, f"there must be 1 to {VALIDATORS_MAX} validators")
        ids = [organization["id"] for organization in self.organizations]
        named = [value["organization"] for value in validators + self.services]
        require(set(named) <= set(ids), part, "an organisation is named that is not there")
        keys = [value["key"] for value in self.organizations] + self.retired_keys
        for value in validators + self.services:
            keys += [key for key in value.values() if isinstance(key, bytes)]
        for noun, values in (
                ("organisation id", ids), ("organisation name", [value["name"] for value in self.organizations]),
                ("validator name", [self.origin] + [value["name"] for value in validators]),
                ("validator URL", [value["url"] for value in validators]),
                ("service", [value["name"] for value in self.services]),
                ("service URL", [value["url"] for value in self.services]),
                ("sealing key", [value["sealingKey"] for value in self.services]),
                ("issuer", [value["id"] for value in self.issuers]),
                ("witness", [value["vkey"] for value in self.witnesses]), ("signing key", keys)):
            require(len(set(values)) == len(values), part, f"a {noun} is used twice")
        require({value["key"] for value in self.compromised_keys} <= set(self.retired_keys), part,
                "a compromised key is still in force")

    def has_submitter(self, key_id):
        return key_id in self.services_by_key or key_id in self.organizations_by_key

    def compromised_since(self, key_id):
        """Since when somebody else may have had a key, in milliseconds; None when nobody has said so."""
        return next((milliseconds(value["since"]) for value in self.compromised_keys
                     if hashlib.sha256(value["key"]).digest() == key_id), None)


class History:
    """The states of a network with the height and the size of the tree from which each is in force."""

    def __init__(self, initial):
        self.periods = [(1, 0, initial)]
        self.network_id, self.origin = initial.network_id, initial.origin

    @property
    def newest(self):
        return self.periods[-1][2]

    def append(self, state, first_height, size_before):
        self.periods.append((first_height, size_before, state))

    def of_size(self, size):
        """The state whose validators cosign the checkpoint of that size."""
        return next((state for _, before, state in reversed(self.periods) if before < size), self.periods[0][2])

    def at(self, height):
        """The state by which the block of a height is judged."""
        return next(state for first, _, state in reversed(self.periods) if first <= height)

    def submitter_name(self, key_id):
        """The name of who submits or once submitted with a key."""
        for _, _, state in reversed(self.periods):
            if state.has_submitter(key_id):
                return (state.services_by_key.get(key_id) or state.organizations_by_key[key_id])["name"]
        return None

    def service_of(self, key_id):
        """The service that signs or once signed with a key."""
        for _, _, state in reversed(self.periods):
            if key_id in state.services_by_key:
                return state.services_by_key[key_id]
        return None
