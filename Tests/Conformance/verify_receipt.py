#!/usr/bin/python3
"""Checks a receipt, an event and a genesis file of Consentry, from the specifications alone.

This is a second implementation: it shares no code with the suite, so that both must be wrong in the same way for a
false receipt to pass. It needs Python 3.9 and the package `cryptography`.

Exit code 0: the receipt is valid; 1: it is not; 2: wrong usage or an unreadable file.
"""

import argparse
import base64
import binascii
import functools
import hashlib
import hmac
import json
import re
import struct
import sys
from datetime import datetime, timezone

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

RECEIPT, EVENT, GENESIS = "receipt", "event", "genesis"
NOTE_BYTES_MAX = 1_000_000
SIGNATURE_LINES_MAX = 100
DISCLOSURE_BYTES_MAX = 4 << 20
GENESIS_BYTES_MAX = 1 << 20
SERVICES = ("identity", "consent", "records", "notification")
TOKEN_ISSUERS = ("identity", "consent")


class Invalid(Exception):
    """One of the three files does not hold; the sentence says how."""

    def __init__(self, part, sentence):
        super().__init__(f"{part} is not valid: {sentence}")
        self.part = part
        self.sentence = sentence


def require(condition, part, sentence):
    if not condition:
        raise Invalid(part, sentence)


# --- JSON: RFC 8259 strictly, RFC 8785 as the only accepted spelling ---


class Number(str):
    """A number by its digits."""


def unique_members(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member name occurs twice")
    return members


def refuse_constant(text):
    raise ValueError(f"`{text}` is not JSON")


def depth(value):
    if isinstance(value, dict):
        return 1 + max((depth(member) for member in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((depth(element) for element in value), default=0)
    return 0


def canonical_number(lexeme):
    """ECMA-262 Number::toString of the nearest binary64, as RFC 8785 section 3.2.2.3 demands."""
    value = float(lexeme)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number is beyond binary64")
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = whole + fraction
    point = len(whole) + int(exponent or 0)
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    sign = "-" if value < 0 else ""
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    fraction = "." + digits[1:] if len(digits) > 1 else ""
    power = point - 1
    return f"{sign}{digits[0]}{fraction}e{'-' if power < 0 else '+'}{abs(power)}"


ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def canonical_string(text):
    quoted = "".join(ESCAPES.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 0x20 else c) for c in text)
    return f'"{quoted}"'


def canonical(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number):
        return canonical_number(value)
    if isinstance(value, str):
        return canonical_string(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(element) for element in value) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be", "strict"))
    return "{" + ",".join(f"{canonical_string(name)}:{canonical(value[name])}" for name in names) + "}"


def parse_canonical(data, part, bytes_max, depth_max):
    require(len(data) <= bytes_max, part, "it is too long")
    try:
        value = json.loads(
            data.decode("utf-8", "strict"), object_pairs_hook=unique_members, parse_int=Number,
            parse_float=Number, parse_constant=refuse_constant)
        require(depth(value) <= depth_max, part, "its values are nested too deeply")
        is_canonical = canonical(value).encode("utf-8", "strict") == data
    except (ValueError, RecursionError) as error:
        raise Invalid(part, f"it is not canonical JSON: {error}") from None
    require(is_canonical, part, "its bytes are not in the canonical form of RFC 8785")
    return value


# --- small tokens, each with one spelling ---


def from_base64(text, byte_count=None):
    """The bytes; None for any other spelling or count."""
    if not isinstance(text, str) or isinstance(text, Number):
        return None
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    if base64.b64encode(data).decode() != text or byte_count not in (None, len(data)):
        return None
    return data


def is_text(value):
    return isinstance(value, str) and not isinstance(value, Number)


def is_uuid(value):
    pattern = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    return is_text(value) and re.fullmatch(pattern, value) is not None


def is_time(value):
    pattern = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"
    if not is_text(value) or not re.fullmatch(pattern, value):
        return False
    try:
        datetime.strptime(value[:19], "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return False
    return value[17:19] < "60"


def has_members(value, names):
    return isinstance(value, dict) and set(value) == set(names)


def is_visible_ascii(text, count_max=1 << 20):
    return is_text(text) and 0 < len(text) <= count_max and all(0x21 <= ord(c) <= 0x7E for c in text)


def decimal(text):
    """A number up to 2^64 - 1 without sign and leading zeros; None for anything else."""
    if not re.fullmatch(r"0|[1-9][0-9]*", text, re.ASCII) or int(text) >= 1 << 64:
        return None
    return int(text)


# --- Ed25519 as libsodium judges it (RFC 8032 with canonical encodings, no small order) ---

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE_D = -121665 * pow(121666, PRIME - 2, PRIME) % PRIME
SQRT_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)
IDENTITY = (0, 1, 1, 0)


def point_add(left, right):
    a = (left[1] - left[0]) * (right[1] - right[0]) % PRIME
    b = (left[1] + left[0]) * (right[1] + right[0]) % PRIME
    c = 2 * left[3] * right[3] * CURVE_D % PRIME
    d = 2 * left[2] * right[2] % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME)


def point_multiply(scalar, point):
    result = IDENTITY
    while scalar:
        if scalar & 1:
            result = point_add(result, point)
        point = point_add(point, point)
        scalar >>= 1
    return result


def is_identity(point):
    return point[0] % PRIME == 0 and (point[1] - point[2]) % PRIME == 0


def point_decode(data):
    """The point of a canonical encoding; None for anything else."""
    value = int.from_bytes(data, "little")
    sign, y = value >> 255, value & ((1 << 255) - 1)
    if y >= PRIME:
        return None
    x2 = (y * y - 1) * pow(CURVE_D * y * y + 1, PRIME - 2, PRIME) % PRIME
    x = pow(x2, (PRIME + 3) // 8, PRIME)
    if (x * x - x2) % PRIME:
        x = x * SQRT_MINUS_ONE % PRIME
    if (x * x - x2) % PRIME or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = PRIME - x
    return (x, y, 1, x * y % PRIME)


@functools.lru_cache(maxsize=4096)
def is_signing_key(data):
    point = point_decode(data)
    if point is None or is_identity(point_multiply(8, point)):
        return False
    return is_identity(point_multiply(ORDER, point))


@functools.lru_cache(maxsize=4096)
def is_sealing_key(data):
    try:
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(data))
    except ValueError:
        return False
    return True


def verifies(key, signature, message):
    if len(signature) != 64 or int.from_bytes(signature[32:], "little") >= ORDER:
        return False
    commitment = point_decode(signature[:32])
    if commitment is None or is_identity(point_multiply(8, commitment)):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# --- the genesis file ---


def genesis_require(condition, sentence):
    require(condition, GENESIS, sentence)


def signing_key(value, place):
    key = from_base64(value, 32)
    genesis_require(key is not None and is_signing_key(key), f"`{place}` is not an Ed25519 public key")
    return key


def is_base_url(text):
    match = is_visible_ascii(text, 500) and re.fullmatch(r"https?://([^?#]+)", text)
    return bool(match) and match.group(1)[0] != "/" and match.group(1)[-1] != "/"


def is_name(text):
    return (is_text(text) and 1 <= len(text.encode("utf-8")) <= 200
            and all(ord(c) >= 0x20 and ord(c) != 0x7F for c in text))


def is_integer(value, low, high):
    return isinstance(value, Number) and re.fullmatch(r"[0-9]+", value) is not None and low <= int(value) <= high


def require_distinct(values, noun):
    genesis_require(len(set(values)) == len(values), f"a {noun} is used twice")


class Genesis:
    """The members of a genesis file that verification needs, after all of its rules were checked."""

    def __init__(self, data):
        top = parse_canonical(data, GENESIS, GENESIS_BYTES_MAX, 8)
        genesis_require(
            has_members(top, ("createdAt", "credentialIssuers", "format", "limits", "network", "organizations",
                              "policies", "services", "validators")), "its members are not those of the format")
        genesis_require(top["format"] == "consentry-genesis-v1", "its format is not `consentry-genesis-v1`")
        genesis_require(top["credentialIssuers"] == [], "`credentialIssuers` must be empty")
        genesis_require(is_time(top["createdAt"]), "`createdAt` is not a time")
        genesis_require(is_text(top["network"]) and re.fullmatch(r"[a-z0-9-]{1,32}", top["network"]),
                        "`network` must be 1 to 32 of a-z, 0-9 and hyphen")
        self.network_id = hashlib.sha256(data).digest()
        self.origin = "consentry.example/" + top["network"]
        for name in ("organizations", "validators", "services"):
            genesis_require(isinstance(top[name], list) and top[name], f"`{name}` must be a list of one or more")
        genesis_require(len(top["validators"]) <= 100, "there are more than 100 validators")
        self.organizations = [self.organization(value) for value in top["organizations"]]
        self.validators = [self.validator(value) for value in top["validators"]]
        self.services = [self.service(value) for value in top["services"]]
        self.check_policies(top["policies"])
        self.check_limits(top["limits"])
        self.check_together()

    @property
    def quorum(self):
        return 2 * len(self.validators) // 3 + 1

    def organization(self, value):
        genesis_require(has_members(value, ("id", "key", "name")), "an organisation has other members")
        genesis_require(is_uuid(value["id"]) and is_name(value["name"]), "an organisation's id or name is wrong")
        return {**value, "key": signing_key(value["key"], "organizations.key")}

    def validator(self, value):
        keys = ("consensusKey", "cosignatureKey", "logKey")
        genesis_require(has_members(value, keys + ("name", "organization", "url")),
                        "a validator has other members")
        genesis_require(is_visible_ascii(value["name"], 200) and "+" not in value["name"],
                        "a validator's name cannot name a key")
        genesis_require(is_uuid(value["organization"]) and is_base_url(value["url"]),
                        "a validator's organisation or URL is wrong")
        return {**value, **{key: signing_key(value[key], f"validators.{key}") for key in keys}}

    def service(self, value):
        names = ["name", "organization", "sealingKey", "signingKey", "url"]
        issues_tokens = isinstance(value, dict) and value.get("name") in TOKEN_ISSUERS
        genesis_require(has_members(value, names + (["tokenKey"] if issues_tokens else [])),
                        "a service has other members")
        genesis_require(value["name"] in SERVICES and is_uuid(value["organization"]) and is_base_url(value["url"]),
                        "a service's name, organisation or URL is wrong")
        sealing = from_base64(value["sealingKey"], 32)
        genesis_require(sealing is not None and is_sealing_key(sealing), "a sealing key is not an X25519 key")
        keys = {key: signing_key(value[key], f"services.{key}") for key in ("signingKey", "tokenKey") if key in value}
        return {**value, **keys}

    def check_policies(self, value):
        genesis_require(has_members(value, ("implicit", "registered")), "`policies` has other members")
        registered = value["registered"]
        genesis_require(isinstance(registered, list) and all(map(is_visible_ascii, registered))
                        and value["implicit"] in registered, "the implicit policy must be a registered URI")
        require_distinct(registered, "policy")

    def check_limits(self, value):
        ranges = {
            "blockBytesMax": (200_000, 900_000), "blockEntriesMax": (1_025, 65_535),
            "proposalClockToleranceMilliseconds": (1, 3_600_000), "submissionsAheadMax": (1, 1_024),
        }
        genesis_require(has_members(value, ranges), "`limits` has other members")
        for name, (low, high) in ranges.items():
            genesis_require(is_integer(value[name], low, high), f"`limits.{name}` must be from {low} to {high}")

    def check_together(self):
        ids = [organization["id"] for organization in self.organizations]
        named = [value["organization"] for value in self.validators + self.services]
        genesis_require(set(named) <= set(ids), "an organisation is named that is not there")
        require_distinct(ids, "organisation id")
        require_distinct([value["name"] for value in self.organizations], "organisation name")
        require_distinct([self.origin] + [value["name"] for value in self.validators], "validator name")
        require_distinct([value["url"] for value in self.validators], "validator URL")
        require_distinct([value["name"] for value in self.services], "service")
        require_distinct([value["url"] for value in self.services], "service URL")
        require_distinct([value["sealingKey"] for value in self.services], "sealing key")
        keys = [value["key"] for value in self.organizations]
        for value in self.validators + self.services:
            keys += [key for key in value.values() if isinstance(key, bytes)]
        require_distinct(keys, "signing key")


# --- the disclosure of an event ---


class Disclosure:
    """The entry, its opening and its payload."""

    def __init__(self, data):
        top = parse_canonical(data, EVENT, DISCLOSURE_BYTES_MAX, 64)
        require(has_members(top, ("entry", "opening", "payload")), EVENT, "its members are not those of the format")
        self.entry = from_base64(top["entry"], 94)
        self.opening = from_base64(top["opening"], 32)
        require(self.entry is not None and self.entry[:4] == b"CSE1", EVENT, "`entry` is not an entry")
        require(self.opening is not None, EVENT, "`opening` is not 32 bytes")
        self.payload = top["payload"]
        require(has_members(self.payload, ("data", "id", "subject", "time", "type")), EVENT,
                "the members of the payload are not those of the format")
        require(is_uuid(self.payload["id"]) and is_uuid(self.payload["subject"]) and is_time(self.payload["time"])
                and is_text(self.payload["type"]) and self.payload["type"] != ""
                and isinstance(self.payload["data"], dict), EVENT, "a member of the payload is wrong")

    def verify(self, genesis):
        """Gives the service that submitted the entry."""
        kind, = struct.unpack(">H", self.entry[4:6])
        submitter, entry_id, commitment = self.entry[6:38], self.entry[38:54], self.entry[62:94]
        require(self.payload["id"].replace("-", "") == entry_id.hex(), EVENT, "payload and entry have different ids")
        require(kind < 0x8000 or self.opening == bytes(32), EVENT, "a public entry opens with zeros only")
        message = genesis.network_id + self.entry[:62] + canonical(self.payload).encode("utf-8")
        expected = hmac.new(self.opening, message, hashlib.sha256).digest()
        require(hmac.compare_digest(expected, commitment), EVENT,
                "payload, opening and network do not give the commitment of the entry")
        for service in genesis.services:
            if hashlib.sha256(service["signingKey"]).digest() == submitter:
                return service["name"]
        raise Invalid(EVENT, "the entry was submitted by a key that genesis does not have")


# --- the receipt: C2SP tlog-proof, tlog-checkpoint, signed-note, tlog-cosignature ---


def receipt_require(condition, sentence):
    require(condition, RECEIPT, sentence)


class Receipt:
    """An inclusion proof and a signed checkpoint, taken apart."""

    def __init__(self, data):
        receipt_require(len(data) <= NOTE_BYTES_MAX, "it is too long")
        try:
            text = data.decode("utf-8", "strict")
        except UnicodeDecodeError:
            raise Invalid(RECEIPT, "it is not UTF-8") from None
        receipt_require(all(ord(c) >= 0x20 or c == "\n" for c in text), "it holds a control character")
        head, separator, note = text.partition("\n\n")
        lines = head.split("\n")
        receipt_require(separator and lines[0] == "c2sp.org/tlog-proof@v1", "it is not a tlog-proof")
        receipt_require(len(lines) >= 2 and lines[1].startswith("index "), "the line `index` is missing")
        self.index = decimal(lines[1][len("index "):])
        self.hashes = [from_base64(line, 32) for line in lines[2:]]
        receipt_require(self.index is not None, "the index is not a number")
        receipt_require(None not in self.hashes and len(self.hashes) <= 64, "a hash is not base64 of 32 bytes")
        # The last empty line separates text and signatures, and no line of a checkpoint may be empty.
        self.body, separator, signatures = note.rpartition("\n\n")
        self.body += "\n"
        receipt_require(separator and signatures.endswith("\n"), "the checkpoint is not a signed note")
        self.signatures = [self.signature(line) for line in signatures[:-1].split("\n")]
        receipt_require(len(self.signatures) <= SIGNATURE_LINES_MAX, "it has too many signatures")
        lines = self.body[:-1].split("\n")
        receipt_require(len(lines) == 3 and all(lines), "the checkpoint must have three lines")
        self.origin, self.size, self.root = lines[0], decimal(lines[1]), from_base64(lines[2], 32)
        receipt_require(self.size is not None and self.root is not None, "the checkpoint's size or root is wrong")

    @staticmethod
    def signature(line):
        receipt_require(line.startswith("\u2014 "), "a signature line does not start with an em dash")
        name, separator, encoded = line[2:].rpartition(" ")
        data = from_base64(encoded)
        receipt_require(separator and name and data is not None and len(data) > 4, "a signature line is malformed")
        return name, data[:4], data[4:]

    def verify(self, genesis, leaf):
        """Gives the cosigners in the order of genesis."""
        receipt_require(self.origin == genesis.origin, "the checkpoint is of another log")
        cosigners, publishers = {}, set()
        for signature in self.signatures:
            kind, index, time = self.signer(signature, genesis)
            known = cosigners if kind == 0x04 else publishers
            receipt_require(index not in known, "a validator signed the checkpoint twice")
            if kind == 0x04:
                cosigners[index] = time
            else:
                publishers.add(index)
        receipt_require(len(cosigners) >= genesis.quorum,
                        f"{len(cosigners)} validators cosigned the checkpoint and {genesis.quorum} must")
        receipt_require(self.index < self.size, "the index is not below the size of the tree")
        root = root_from_proof(leaf, self.index, self.size, list(self.hashes))
        receipt_require(root == self.root, "the entry of the event is not in the cosigned tree")
        return [(genesis.validators[index]["name"], cosigners[index]) for index in sorted(cosigners)]

    def signer(self, signature, genesis):
        name, key_hash, data = signature
        body = self.body.encode("utf-8")
        is_known = False
        for index, validator in enumerate(genesis.validators):
            if (name, key_hash) == (validator["name"], note_key_hash(name, 0x04, validator["cosignatureKey"])):
                is_known = True
                if len(data) == 72:
                    time, = struct.unpack(">Q", data[:8])
                    message = b"cosignature/v1\ntime %d\n" % time + body
                    if time <= 253_402_300_799 and verifies(validator["cosignatureKey"], data[8:], message):
                        return 0x04, index, time
            if (name, key_hash) == (genesis.origin, note_key_hash(name, 0x01, validator["logKey"])):
                is_known = True
                if verifies(validator["logKey"], data, body):
                    return 0x01, index, None
        receipt_require(is_known, "the checkpoint has a signature of a key that genesis does not have")
        raise Invalid(RECEIPT, f"a signature of `{name}` does not verify")


def note_key_hash(name, kind, key):
    return hashlib.sha256(name.encode("utf-8") + b"\n" + bytes([kind]) + key).digest()[:4]


def root_from_proof(leaf, index, size, hashes):
    """RFC 6962 section 2.1.1 read backwards; None when the proof has not the length that its place demands."""
    if size == 1:
        return leaf if not hashes else None
    if not hashes:
        return None
    split = 1 << ((size - 1).bit_length() - 1)
    neighbour = hashes.pop()
    if index < split:
        left, right = root_from_proof(leaf, index, split, hashes), neighbour
    else:
        left, right = neighbour, root_from_proof(leaf, index - split, size - split, hashes)
    if left is None or right is None:
        return None
    return hashlib.sha256(b"\x01" + left + right).digest()


# --- the command ---


def verify(receipt, event, genesis):
    """Checks the bytes of the three files and gives what they show.

    Raises Invalid, which names the file that does not hold and how.
    """
    genesis = Genesis(genesis)
    receipt = Receipt(receipt)
    disclosure = Disclosure(event)
    service = disclosure.verify(genesis)
    cosigners = receipt.verify(genesis, hashlib.sha256(b"\x00" + disclosure.entry).digest())
    payload = disclosure.payload
    return {
        "cosigners": [
            {"name": name, "time": datetime.fromtimestamp(time, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")}
            for name, time in cosigners],
        "event": payload["id"], "index": receipt.index, "origin": receipt.origin, "service": service,
        "subject": payload["subject"], "time": payload["time"], "treeSize": receipt.size, "type": payload["type"],
        "valid": True,
    }


def sentence(verdict):
    names = ", ".join(cosigner["name"] for cosigner in verdict["cosigners"])
    return (f"receipt is valid: event {verdict['event']} ({verdict['type']}, {verdict['time']}) by "
            f"{verdict['service']} is entry {verdict['index']} in a ledger of {verdict['treeSize']} of "
            f"{verdict['origin']}, cosigned by {names}")


def main():
    parser = argparse.ArgumentParser(description="Check a receipt of Consentry offline.")
    for name in (RECEIPT, EVENT, GENESIS):
        parser.add_argument(f"--{name}", required=True, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead of a sentence")
    arguments = parser.parse_args()
    files = []
    for name in (arguments.receipt, arguments.event, arguments.genesis):
        try:
            with open(name, "rb") as file:
                files.append(file.read())
        except OSError as error:
            print(f"`{name}` cannot be read: {error.strerror}", file=sys.stderr)
            return 2
    try:
        verdict = verify(*files)
    except Invalid as invalid:
        verdict = {"part": invalid.part, "sentence": invalid.sentence, "valid": False}
        print(json.dumps(verdict, separators=(",", ":")) if arguments.json else str(invalid))
        return 1
    print(json.dumps(verdict, separators=(",", ":"), ensure_ascii=False) if arguments.json else sentence(verdict))
    return 0


if __name__ == "__main__":
    sys.exit(main())
