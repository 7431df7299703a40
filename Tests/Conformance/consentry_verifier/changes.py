"""The proofs that a network changed, from which its states are known without the blocks between."""

import hashlib
import json

from .codecs import BLOCK_ENTRY_BYTES, CHECKPOINT_BYTES_MAX, ENTRY_BYTES, RECORD_BYTES_MAX, BlockEntry, Certificate
from .codecs import Entry, Reader, check_certificate
from .disclosure import commitment
from .governance import BYTES_MAX as DOCUMENT_BYTES_MAX
from .governance import GOVERNANCE_KIND, Document, apply
from .merkle import leaf_hash, root_from_proof
from .refusal import Invalid, require
from .states import History
from .tokens import decimal, from_base64, has_members

CHANGES = "changes"
CHANGES_FORMAT = "consentry-network-changes-v1"
CHANGES_BYTES_MAX = 4 << 20
PROOF_HASHES_MAX = 64


class Change:
    """A governance entry with the proof that it is in a block that a quorum made final."""

    def __init__(self, data):
        reader = Reader(data, "CSN1", CHANGES)
        self.block_entry = BlockEntry(reader.take(BLOCK_ENTRY_BYTES), CHANGES)
        self.previous_bytes = reader.take(reader.count("H", 0, CHECKPOINT_BYTES_MAX))
        self.checkpoint_bytes = reader.take(reader.count("H", 1, CHECKPOINT_BYTES_MAX))
        self.certificate = Certificate(reader.take(reader.count("I", 1, RECORD_BYTES_MAX)), CHANGES)
        self.entry = Entry(reader.take(ENTRY_BYTES), CHANGES)
        self.payload = reader.take(reader.count("I", 1, DOCUMENT_BYTES_MAX))
        self.entry_index = reader.integer("Q")
        self.entry_hashes = [reader.take(32) for _ in range(reader.count("B", 0, PROOF_HASHES_MAX))]
        self.block_entry_hashes = [reader.take(32) for _ in range(reader.count("B", 0, PROOF_HASHES_MAX))]
        reader.end()

    def verify(self, history):
        """Adds the state that the change leads to, once everything about it holds."""
        network, height = history.newest, self.block_entry.height
        if any(first == height + 1 for first, _, _ in history.periods):
            return
        check_certificate(self.certificate, network, hashlib.sha256(self.checkpoint_bytes).digest(), height, CHANGES)
        size, root = checkpoint(self.checkpoint_bytes, network.origin)
        require(history.periods[-1][0] <= height, CHANGES, "a change does not come after the one before")
        if height == 1:
            first, previous = 0, network.network_id
            require(self.previous_bytes == b"", CHANGES, "the first block follows on no other")
        else:
            first, _ = checkpoint(self.previous_bytes, network.origin)
            previous = hashlib.sha256(self.previous_bytes).digest()
        require(self.block_entry.previous == previous, CHANGES, "a change names another block before its own")
        require(first <= self.entry_index < size, CHANGES, "a change is not in the block that it came with")
        for leaf, index, hashes in ((self.entry, self.entry_index, self.entry_hashes),
                                    (self.block_entry, size - 1, self.block_entry_hashes)):
            require(root_from_proof(leaf_hash(leaf.bytes), index, size, hashes) == root, CHANGES,
                    "a change is not in the tree of its block")
        expected = commitment(bytes(32), network.network_id, self.entry, self.payload)
        require(self.entry.kind == GOVERNANCE_KIND and self.entry.commitment == expected, CHANGES,
                "a payload is not that of its governance entry")
        following = apply(Document(self.payload, CHANGES), network, height)
        require((self.block_entry.validator_set, self.block_entry.next_validator_set)
                == (network.validator_set_hash, following.validator_set_hash), CHANGES,
                "the block of a change names other validators")
        history.append(following, height + 1, size)


def checkpoint(data, origin):
    """Size and root of the text of a checkpoint."""
    lines = data.split(b"\n")
    require(len(lines) == 4 and lines[0] == origin.encode() and lines[3] == b"", CHANGES, "a checkpoint is malformed")
    size, root = decimal(lines[1].decode("latin-1")), from_base64(lines[2].decode("latin-1"), 32)
    require(size is not None and root is not None, CHANGES, "a checkpoint is malformed")
    return size, root


def changed_history(genesis, data=None):
    """The states of a network, as a file of changes proves them."""
    history = History(genesis.initial)
    if data is None:
        return history
    require(len(data) <= CHANGES_BYTES_MAX, CHANGES, "it is too long")
    try:
        document = json.loads(data.decode("utf-8", "strict"))
    except (ValueError, RecursionError) as error:
        raise Invalid(CHANGES, f"it is not JSON: {error}") from None
    require(has_members(document, ("changes", "format")) and document["format"] == CHANGES_FORMAT
            and isinstance(document["changes"], list), CHANGES, f"it is not of the format `{CHANGES_FORMAT}`")
    for element in document["changes"]:
        change = from_base64(element)
        require(change is not None, CHANGES, "a change is not base64")
        Change(change).verify(history)
    return history
