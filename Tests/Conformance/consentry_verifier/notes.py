"""C2SP signed-note, tlog-checkpoint and tlog-cosignature."""

import hashlib
import struct

from .ed25519 import verifies
from .refusal import Invalid
from .tokens import SECONDS_MAX, decimal, from_base64, to_base64

NOTE_BYTES_MAX = 1_000_000
SIGNATURE_LINES_MAX = 100
LOG, COSIGNATURE = 0x01, 0x04


def note_key_hash(name, kind, key):
    return hashlib.sha256(name.encode("utf-8") + b"\n" + bytes([kind]) + key).digest()[:4]


def text_of(data, part):
    """The text of a note or proof: UTF-8 without control characters but newlines."""
    if len(data) > NOTE_BYTES_MAX:
        raise Invalid(part, "it is too long")
    try:
        text = data.decode("utf-8", "strict")
    except UnicodeDecodeError:
        raise Invalid(part, "it is not UTF-8") from None
    if not all(ord(c) >= 0x20 or c == "\n" for c in text):
        raise Invalid(part, "it holds a control character")
    return text


def checkpoint_text(origin, size, root):
    return f"{origin}\n{size}\n{to_base64(root)}\n"


class Note:
    """A checkpoint and its signatures, taken apart; `part` names it in what is refused."""

    def __init__(self, text, part):
        self.part = part
        # The last empty line separates text and signatures, and no line of a checkpoint may be empty.
        self.body, separator, signatures = text.rpartition("\n\n")
        self.body += "\n"
        self.require(separator and signatures.endswith("\n"), "the checkpoint is not a signed note")
        lines = signatures[:-1].split("\n")
        self.require(len(lines) <= SIGNATURE_LINES_MAX, "it has too many signatures")
        self.signatures = [self.signature(line) for line in lines]
        lines = self.body[:-1].split("\n")
        self.require(len(lines) == 3 and all(lines), "the checkpoint must have three lines")
        self.origin, self.size, self.root = lines[0], decimal(lines[1]), from_base64(lines[2], 32)
        self.require(self.size is not None and self.root is not None, "the checkpoint's size or root is wrong")

    def require(self, condition, sentence):
        if not condition:
            raise Invalid(self.part, sentence)

    def signature(self, line):
        self.require(line.startswith("\u2014 "), "a signature line does not start with an em dash")
        name, separator, encoded = line[2:].rpartition(" ")
        data = from_base64(encoded)
        self.require(separator and name and data is not None and len(data) > 4, "a signature line is malformed")
        return name, data[:4], data[4:]

    def verify(self, network):
        """Gives the cosigners as (name, time), in the order of the network's validators.

        Every signature must be by a validator and verify, so that no bit of a note can change unnoticed.
        """
        self.require(self.origin == network.origin, "the checkpoint is of another log")
        cosigners, publishers = {}, set()
        for signature in self.signatures:
            kind, index, time = self.signer(signature, network)
            known = cosigners if kind == COSIGNATURE else publishers
            self.require(index not in known, "a validator signed the checkpoint twice")
            if kind == COSIGNATURE:
                cosigners[index] = time
            else:
                publishers.add(index)
        self.require(len(cosigners) >= network.quorum,
                     f"{len(cosigners)} validators cosigned the checkpoint and {network.quorum} must")
        names = {index: validator["name"] for index, validator in network.members}
        return [(names[index], cosigners[index]) for index in sorted(cosigners)]

    def signer(self, signature, network):
        name, key_hash, data = signature
        body = self.body.encode("utf-8")
        is_known = False
        for index, validator in network.members:
            if (name, key_hash) == (validator["name"], note_key_hash(name, COSIGNATURE, validator["cosignatureKey"])):
                is_known = True
                if len(data) == 72:
                    time, = struct.unpack(">Q", data[:8])
                    message = b"cosignature/v1\ntime %d\n" % time + body
                    if time <= SECONDS_MAX and verifies(validator["cosignatureKey"], data[8:], message):
                        return COSIGNATURE, index, time
            if (name, key_hash) == (network.origin, note_key_hash(name, LOG, validator["logKey"])):
                is_known = True
                if verifies(validator["logKey"], data, body):
                    return LOG, index, None
        self.require(is_known, "the checkpoint has a signature of a key that its network does not have")
        raise Invalid(self.part, f"a signature of `{name}` does not verify")
