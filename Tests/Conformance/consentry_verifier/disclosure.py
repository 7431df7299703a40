"""The disclosure of an event: its entry, its opening and its payload."""

import hashlib
import hmac

from .canonical_json import canonical, parse_canonical
from .codecs import Entry
from .refusal import Invalid, require
from .tokens import from_base64, has_members, is_text, is_time, is_uuid

EVENT = "event"
DISCLOSURE_BYTES_MAX = 4 << 20


def commitment(opening, network_id, entry, payload):
    """What ties a payload to its entry: HMAC-SHA-256 over network, the entry's first 62 bytes and the payload."""
    return hmac.new(opening, network_id + entry.bytes[:62] + payload, hashlib.sha256).digest()


class Disclosure:
    """What the owner of an event hands on so that others can check it."""

    def __init__(self, data):
        top = parse_canonical(data, EVENT, DISCLOSURE_BYTES_MAX, 64)
        require(has_members(top, ("entry", "opening", "payload")), EVENT, "its members are not those of the format")
        entry = from_base64(top["entry"])
        require(entry is not None, EVENT, "`entry` is not base64")
        self.entry = Entry(entry, EVENT)
        self.opening = from_base64(top["opening"], 32)
        require(self.opening is not None, EVENT, "`opening` is not 32 bytes")
        self.payload = top["payload"]
        require(has_members(self.payload, ("data", "id", "subject", "time", "type")), EVENT,
                "the members of the payload are not those of the format")
        require(is_uuid(self.payload["id"]) and is_uuid(self.payload["subject"]) and is_time(self.payload["time"])
                and is_text(self.payload["type"]) and self.payload["type"] != ""
                and isinstance(self.payload["data"], dict), EVENT, "a member of the payload is wrong")

    def verify(self, history):
        """Gives the service that submitted the entry."""
        require(self.payload["id"].replace("-", "") == self.entry.id.hex(), EVENT,
                "payload and entry have different ids")
        require(not self.entry.is_public or self.opening == bytes(32), EVENT, "a public entry opens with zeros only")
        payload = canonical(self.payload).encode("utf-8")
        expected = commitment(self.opening, history.network_id, self.entry, payload)
        require(hmac.compare_digest(expected, self.entry.commitment), EVENT,
                "payload, opening and network do not give the commitment of the entry")
        service = history.service_of(self.entry.submitter)
        if service is None:
            raise Invalid(EVENT, "the entry was submitted by a key that is no service's of the network")
        return service["name"]
