"""The members of a network as the genesis file and governance documents write them."""

import re

from .canonical_json import Number
from .ed25519 import is_sealing_key, is_signing_key
from .notes import COSIGNATURE, note_key_hash
from .refusal import Invalid
from .tokens import from_base64, has_members, is_integer, is_text, is_uuid, is_visible_ascii, to_base64

VALIDATORS_MAX = 100
SERVICES = ("identity", "consent", "records", "notification")
TOKEN_ISSUERS = ("identity", "consent")
VALIDATOR_KEYS = ("consensusKey", "cosignatureKey", "logKey")
LIMITS = {
    "blockBytesMax": (200_000, 900_000), "blockEntriesMax": (1_025, 65_535),
    "proposalClockToleranceMilliseconds": (1, 3_600_000), "submissionsAheadMax": (1, 1_024),
}


def json_of(value):
    """A member as JSON: keys are base64 there and numbers their digits."""
    if isinstance(value, dict):
        return {name: json_of(member) for name, member in value.items()}
    if isinstance(value, list):
        return [json_of(element) for element in value]
    if isinstance(value, bytes):
        return to_base64(value)
    return Number(value) if isinstance(value, int) else value


def is_base_url(text):
    match = is_visible_ascii(text, 500) and re.fullmatch(r"https?://([^?#]+)", text)
    return bool(match) and match.group(1)[0] != "/" and match.group(1)[-1] != "/"


def is_name(text):
    return (is_text(text) and 1 <= len(text.encode("utf-8")) <= 200
            and all(ord(c) >= 0x20 and ord(c) != 0x7F for c in text))


class MemberReader:
    """Reads members strictly; `part` names the file in what is refused."""

    def __init__(self, part):
        self.part = part

    def require(self, condition, sentence):
        if not condition:
            raise Invalid(self.part, sentence)

    def list(self, value, read):
        self.require(isinstance(value, list), "a list is something else")
        return [read(element) for element in value]

    def signing_key(self, value, place):
        key = from_base64(value, 32)
        self.require(key is not None and is_signing_key(key), f"`{place}` is not an Ed25519 public key")
        return key

    def organization(self, value):
        self.require(has_members(value, ("id", "key", "name")), "an organisation has other members")
        self.require(is_uuid(value["id"]) and is_name(value["name"]), "an organisation's id or name is wrong")
        return {**value, "key": self.signing_key(value["key"], "organizations.key")}

    def validator(self, value):
        self.require(has_members(value, VALIDATOR_KEYS + ("name", "organization", "url")),
                     "a validator has other members")
        self.require(is_visible_ascii(value["name"], 200) and "+" not in value["name"],
                     "a validator's name cannot name a key")
        self.require(is_uuid(value["organization"]) and is_base_url(value["url"]),
                     "a validator's organisation or URL is wrong")
        return {**value, **{key: self.signing_key(value[key], f"validators.{key}") for key in VALIDATOR_KEYS}}

    def service(self, value):
        names = ["name", "organization", "sealingKey", "signingKey", "url"]
        issues_tokens = isinstance(value, dict) and value.get("name") in TOKEN_ISSUERS
        self.require(has_members(value, names + (["tokenKey"] if issues_tokens else [])),
                     "a service has other members")
        self.require(value["name"] in SERVICES and is_uuid(value["organization"]) and is_base_url(value["url"]),
                     "a service's name, organisation or URL is wrong")
        sealing = from_base64(value["sealingKey"], 32)
        self.require(sealing is not None and is_sealing_key(sealing), "a sealing key is not an X25519 key")
        keys = {key: self.signing_key(value[key], f"services.{key}")
                for key in ("signingKey", "tokenKey") if key in value}
        return {**value, **keys}

    def issuer(self, value):
        self.require(has_members(value, ("id", "key")) and is_visible_ascii(value["id"]), "an issuer is wrong")
        return {**value, "key": self.signing_key(value["key"], "issuers.key")}

    def witness(self, value):
        self.require(has_members(value, ("url", "vkey")) and is_base_url(value["url"])
                     and self.is_cosigner(value["vkey"]), "a witness is wrong")
        return dict(value)

    @staticmethod
    def is_cosigner(text):
        """Whether a text is the vkey of a C2SP cosigner: name, key hash, and type 0x04 with an Ed25519 key."""
        parts = text.split("+", 2) if is_text(text) else []
        if len(parts) != 3 or not parts[0] or any(c.isspace() or ord(c) < 0x20 for c in parts[0]):
            return False
        data = from_base64(parts[2], 33)
        return (data is not None and data[0] == COSIGNATURE and is_signing_key(data[1:])
                and parts[1] == note_key_hash(parts[0], COSIGNATURE, data[1:]).hex())

    def limits(self, value):
        self.require(has_members(value, LIMITS), "`limits` has other members")
        for name, (low, high) in LIMITS.items():
            self.require(is_integer(value[name], low, high), f"`limits.{name}` must be from {low} to {high}")
        return {name: int(number) for name, number in value.items()}
