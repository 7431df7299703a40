"""Follows a ledger from genesis, block after block, and believes nothing that it did not compute."""

import hashlib
import hmac

from .codecs import FinalBlock, check_certificate
from .disclosure import commitment
from .ed25519 import verifies
from .governance import GOVERNANCE_KIND, Document, apply
from .merkle import CompactRange, leaf_hash
from .notes import checkpoint_text
from .refusal import require
from .states import History
from .tokens import milliseconds

LENGTH_BYTES = 4


class Chain:
    """What is known after the blocks so far; `tree` takes the leaves, by default only what the next root needs."""

    def __init__(self, genesis, tree=None):
        self.genesis = genesis
        self.history = History(genesis.initial)
        self.height = 0
        self.hash = genesis.network_id
        self.time = genesis.created_at
        self.tree = CompactRange() if tree is None else tree
        self.checkpoint = None
        self.next_sequences = {}
        self.times = []
        self.entry_count = 0
        self.submission_count = 0

    @property
    def network(self):
        """The state by which the next block is judged."""
        return self.history.newest

    def append(self, data):
        """Checks the bytes of the next block completely; raises Invalid and is of no use afterwards."""
        part = f"block {self.height + 1}"
        block = FinalBlock(data, part)
        require(block.height == self.height + 1, part, f"it states the height {block.height}")
        require(block.entry.previous == self.hash, part, "it does not follow on the block before")
        require(block.entry.time > self.time, part, "it is not later than the block before")
        require(block.entry.validator_set == self.network.validator_set_hash, part,
                "it names other validators than those in force")
        check_certificate(block.certificate, self.network, block.hash, block.height, part)
        self.check_submissions(block.submissions, part)
        following = self.following_state(block, part)
        require(block.entry.next_validator_set == following.validator_set_hash, part,
                "it names other validators for the next block than the ledger gives")
        for submission in block.submissions:
            for value in submission.leaf_hashes:
                self.tree.append(value)
        self.tree.append(leaf_hash(block.entry.bytes))
        text = checkpoint_text(self.genesis.origin, self.tree.size, self.tree.root())
        require(text.encode("utf-8") == block.checkpoint_bytes, part, "its entries do not give its checkpoint")
        self.height, self.hash, self.time, self.checkpoint = block.height, block.hash, block.entry.time, text
        self.times.append(self.time)
        if following is not self.network:
            self.history.append(following, self.height + 1, self.tree.size)

    @property
    def doubts(self):
        """A sentence for each key that submitted while somebody else may have had it."""
        sentences = []
        for known in self.network.compromised_keys:
            since, key_id = milliseconds(known["since"]), hashlib.sha256(known["key"]).digest()
            name = self.history.submitter_name(key_id)
            heights = [height for height, time in enumerate(self.times, 1)
                       if time >= since and self.history.at(height).has_submitter(key_id)]
            if name and heights:
                sentences.append(f"a key of `{name}` is compromised since {known['since']}: doubt what it signed in "
                                 f"blocks {heights[0]} to {heights[-1]}")
        return sentences

    def check_submissions(self, submissions, part):
        limits, byte_count, entry_count, last_key = self.network.limits, 0, 0, b""
        for submission in submissions:
            require(submission.key_id >= last_key, part, "its submissions are not in the order of their keys")
            last_key = submission.key_id
            self.check_submission(submission, part)
            byte_count += len(submission.bytes) + LENGTH_BYTES
            entry_count += len(submission.entries)
        require(byte_count <= limits["blockBytesMax"] and entry_count <= limits["blockEntriesMax"], part,
                "it holds more bytes or entries than a block may")
        self.entry_count += entry_count
        self.submission_count += len(submissions)

    def check_submission(self, submission, part):
        network, key_id = self.network, submission.key_id
        service, organization = network.services_by_key.get(key_id), network.organizations_by_key.get(key_id)
        submitter = service or organization
        require(submitter is not None, part, "it holds a submission by a key of nobody in force")
        name, key = submitter["name"], service["signingKey"] if service else organization["key"]
        require(submission.network_id == self.genesis.network_id, part,
                f"it holds a submission of `{name}` for another network")
        expected = self.next_sequences.get(key_id, 0)
        require(submission.sequence == expected, part,
                f"it holds sequence {submission.sequence} of `{name}` where {expected} is next")
        self.next_sequences[key_id] = expected + 1
        require(verifies(key, submission.signature, submission.signed_bytes), part,
                f"the signature of sequence {submission.sequence} of `{name}` does not verify")
        for entry, payload in submission.public_entries:
            found = commitment(bytes(32), self.genesis.network_id, entry, payload)
            require(hmac.compare_digest(found, entry.commitment), part, "a public payload does not belong to its entry")
        if service:
            require(not submission.public_entries, part, f"the service `{name}` submitted a public entry")
        else:
            require([entry.kind for entry in submission.entries] == [GOVERNANCE_KIND], part,
                    f"the organisation `{name}` submitted something else than one governance entry")

    def following_state(self, block, part):
        """The network after the block: the same, or as its one governance entry says."""
        state = self.network
        for submission in block.submissions:
            for _, payload in submission.public_entries:
                require(state is self.network, part, "it changes the network twice")
                state = apply(Document(payload, part), state, block.height)
        return state
