"""Receipts: C2SP tlog-proof with a checkpoint that a quorum of validators cosigned."""

import hashlib

from .changes import changed_history
from .disclosure import EVENT, Disclosure
from .genesis import Genesis
from .merkle import leaf_hash, root_from_proof
from .notes import Note, text_of
from .refusal import require
from .tokens import decimal, from_base64, time_text, to_base64

RECEIPT = "receipt"
FIRST_LINE = "c2sp.org/tlog-proof@v1"


class Receipt:
    """An inclusion proof and a signed checkpoint, taken apart."""

    def __init__(self, data):
        head, separator, note = text_of(data, RECEIPT).partition("\n\n")
        lines = head.split("\n")
        require(separator and lines[0] == FIRST_LINE, RECEIPT, "it is not a tlog-proof")
        require(len(lines) >= 2 and lines[1].startswith("index "), RECEIPT, "the line `index` is missing")
        self.index = decimal(lines[1][len("index "):])
        self.hashes = [from_base64(line, 32) for line in lines[2:]]
        require(self.index is not None, RECEIPT, "the index is not a number")
        require(None not in self.hashes and len(self.hashes) <= 64, RECEIPT, "a hash is not base64 of 32 bytes")
        self.note = Note(note, RECEIPT)

    def verify(self, history, leaf):
        """Gives the cosigners of the checkpoint whose tree holds the leaf."""
        cosigners = self.note.verify(history.of_size(self.note.size))
        require(self.index < self.note.size, RECEIPT, "the index is not below the size of the tree")
        root = root_from_proof(leaf, self.index, self.note.size, self.hashes)
        require(root == self.note.root, RECEIPT, "the entry of the event is not in the cosigned tree")
        return cosigners


def receipt_text(index, hashes, note):
    """A receipt as it is written; the note with its signatures comes last."""
    return "".join(f"{line}\n" for line in [FIRST_LINE, f"index {index}", *map(to_base64, hashes)]) + "\n" + note


def verify(receipt, event, genesis, changes=None):
    """Checks the bytes of the files and gives what they show; `changes` are those of the network since genesis.

    Raises Invalid, which names the file that does not hold and how.
    """
    history = changed_history(Genesis(genesis), changes)
    receipt = Receipt(receipt)
    disclosure = Disclosure(event)
    service = disclosure.verify(history)
    cosigners = receipt.verify(history, leaf_hash(disclosure.entry.bytes))
    check_author(disclosure.entry, cosigners, history, receipt.note.size)
    payload = disclosure.payload
    return {
        "cosigners": [{"name": name, "time": time_text(time)} for name, time in cosigners],
        "event": payload["id"], "index": receipt.index, "origin": receipt.note.origin, "service": service,
        "subject": payload["subject"], "time": payload["time"], "treeSize": receipt.note.size,
        "type": payload["type"], "valid": True,
    }


def check_author(entry, cosigners, history, size):
    """Refuses an entry of a key that may have been somebody else's before more cosigned than may be faulty."""
    since = history.newest.compromised_since(entry.submitter)
    if since is None:
        return
    state = history.of_size(size)
    keys = {validator["name"]: validator["cosignatureKey"] for _, validator in state.members}
    before = [name for name, time in cosigners if time * 1_000 < since
              and history.newest.compromised_since(hashlib.sha256(keys[name]).digest()) is None]
    require(len(before) > state.fault_max, EVENT,
            "its entry is on the ledger, and its key was compromised before the validators cosigned")


def sentence(verdict):
    names = ", ".join(cosigner["name"] for cosigner in verdict["cosigners"])
    return (f"receipt is valid: event {verdict['event']} ({verdict['type']}, {verdict['time']}) by "
            f"{verdict['service']} is entry {verdict['index']} in a ledger of {verdict['treeSize']} of "
            f"{verdict['origin']}, cosigned by {names}")
