"""The binary forms of the ledger: big endian, strict, each value with one encoding."""

import hashlib
import struct

from .ed25519 import verifies
from .merkle import leaf_hash, root_of
from .refusal import require

ENTRY_BYTES, BLOCK_ENTRY_BYTES = 94, 116
SUBMISSION_ENTRIES_MAX = 1_024
SUBMISSION_PAYLOAD_BYTES_MAX = 65_536
BLOCK_SUBMISSIONS_MAX = 65_535
RECORD_BYTES_MAX = 900_000
CHECKPOINT_BYTES_MAX = 512
VALIDATORS_MAX = 100
ROUND_MAX = (1 << 31) - 1
HEIGHT_MAX = (1 << 63) - 1
PRECOMMIT = 2


class Reader:
    """Takes fields off the front of bytes and refuses what is missing or left over."""

    def __init__(self, data, magic, part):
        self.data, self.position, self.part, self.magic = data, 4, part, magic
        self.require(data[:4] == magic.encode(), f"its bytes do not start with `{magic}`")

    def require(self, condition, sentence):
        require(condition, self.part, f"{sentence}, near byte {self.position} of a form `{self.magic}`")

    def take(self, count):
        self.require(count <= len(self.data) - self.position, "its bytes end too early")
        self.position += count
        return self.data[self.position - count:self.position]

    def integer(self, layout):
        return struct.unpack(">" + layout, self.take(struct.calcsize(">" + layout)))[0]

    def count(self, layout, low, high):
        value = self.integer(layout)
        self.require(low <= value <= high, "a count is outside its limits")
        return value

    def end(self):
        self.require(self.position == len(self.data), "bytes follow its end")


class Entry:
    """The 94 bytes that stand for an event."""

    def __init__(self, data, part):
        reader = Reader(data, "CSE1", part)
        self.bytes = data
        self.kind = reader.integer("H")
        self.submitter = reader.take(32)
        self.id = reader.take(16)
        self.time = reader.integer("q")
        self.commitment = reader.take(32)
        reader.end()

    @property
    def is_public(self):
        """Whether its payload travels with it."""
        return self.kind >= 0x8000


class BlockEntry:
    """The last leaf of a block."""

    def __init__(self, data, part):
        reader = Reader(data, "CSB1", part)
        self.bytes = data
        self.height = reader.count("Q", 1, HEIGHT_MAX)
        self.previous = reader.take(32)
        self.time = reader.integer("q")
        self.validator_set = reader.take(32)
        self.next_validator_set = reader.take(32)
        reader.end()


class Submission:
    """1 to 1,024 entries of one service, signed once."""

    def __init__(self, data, part):
        reader = Reader(data, "CSS1", part)
        self.bytes = data
        self.network_id = reader.take(32)
        self.key_id = reader.take(32)
        self.sequence = reader.integer("Q")
        count = reader.count("H", 1, SUBMISSION_ENTRIES_MAX)
        entries = reader.take(count * ENTRY_BYTES)
        self.entries = [
            Entry(entries[start:start + ENTRY_BYTES], part) for start in range(0, len(entries), ENTRY_BYTES)]
        reader.require(all(entry.submitter == self.key_id for entry in self.entries),
                       "an entry names another submitter")
        reader.require(len({entry.id for entry in self.entries}) == count, "an entry id is used twice")
        self.public_entries, left = [], SUBMISSION_PAYLOAD_BYTES_MAX
        for entry in self.entries:
            if entry.is_public:
                size = reader.count("I", 0, left)
                left -= size
                self.public_entries.append((entry, reader.take(size)))
        self.signature = reader.take(64)
        reader.end()
        self.leaf_hashes = [leaf_hash(entry.bytes) for entry in self.entries]

    @property
    def signed_bytes(self):
        return (b"consentry/submission/v1\n" + self.network_id + self.key_id
                + struct.pack(">QH", self.sequence, len(self.entries)) + root_of(self.leaf_hashes))


class Certificate:
    """The precommits of one round for one block."""

    def __init__(self, data, part):
        reader = Reader(data, "CSC1", part)
        self.network_id = reader.take(32)
        self.height = reader.count("Q", 1, HEIGHT_MAX)
        self.round = reader.integer("I")
        reader.require(self.round <= ROUND_MAX, "its round is out of range")
        self.block_hash = reader.take(32)
        reader.require(self.block_hash != bytes(32), "it is for no block")
        self.members = []
        for _ in range(reader.count("H", 1, VALIDATORS_MAX)):
            self.members.append((reader.integer("H"), reader.take(64)))
        reader.end()
        indices = [index for index, _ in self.members]
        reader.require(indices == sorted(set(indices)), "its validators do not ascend")

    def precommit_bytes(self, index):
        """What one validator signed."""
        body = (b"CSW1" + self.network_id + struct.pack(">BQI", PRECOMMIT, self.height, self.round)
                + self.block_hash + struct.pack(">H", index))
        return b"consentry/vote/v1\n" + body


def check_certificate(certificate, network, block_hash, height, part):
    """Whether a quorum of the validators in force precommitted exactly this block."""
    validators = dict(network.members)
    require(certificate.network_id == network.network_id, part, "its certificate is for another network")
    require((certificate.block_hash, certificate.height) == (block_hash, height), part,
            "its certificate is for another block")
    require(len(certificate.members) >= network.quorum, part,
            f"{len(certificate.members)} validators precommitted it and {network.quorum} must")
    for index, signature in certificate.members:
        require(index in validators, part, f"its certificate names the unknown validator {index}")
        validator = validators[index]
        require(verifies(validator["consensusKey"], signature, certificate.precommit_bytes(index)), part,
                f"the precommit of `{validator['name']}` does not verify")


class FinalBlock:
    """A block as `GET /blocks/{height}` gives it."""

    def __init__(self, data, part):
        require(len(data) <= RECORD_BYTES_MAX, part, "it is too long")
        reader = Reader(data, "CSF1", part)
        self.height = reader.count("Q", 1, HEIGHT_MAX)
        self.entry = BlockEntry(reader.take(BLOCK_ENTRY_BYTES), part)
        reader.require(self.entry.height == self.height, "it states two heights")
        self.checkpoint_bytes = reader.take(reader.count("H", 1, CHECKPOINT_BYTES_MAX))
        self.certificate = Certificate(reader.take(reader.count("I", 1, RECORD_BYTES_MAX)), part)
        reader.require(self.certificate.height == self.height, "it states two heights")
        self.submissions = [
            Submission(reader.take(reader.count("I", 1, RECORD_BYTES_MAX)), part)
            for _ in range(reader.count("H", 0, BLOCK_SUBMISSIONS_MAX))]
        reader.end()

    @property
    def hash(self):
        return hashlib.sha256(self.checkpoint_bytes).digest()
