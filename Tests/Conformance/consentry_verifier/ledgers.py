"""Checks a whole ledger: every block from genesis to the newest note, and receipts of any entry."""

from .chain import Chain
from .genesis import Genesis
from .merkle import Tree
from .notes import Note, text_of
from .receipts import Receipt, receipt_text
from .refusal import Invalid, require

LEDGER, CHECKPOINT = "ledger", "checkpoint"


class Ledger:
    """A ledger that was checked up to its newest note.

    Raises Invalid at the first thing that does not hold. `progress` is called with the height and the size after
    each block.
    """

    def __init__(self, genesis, source, keep_leaves=False, progress=lambda height, size: None):
        self.genesis = Genesis(genesis)
        # The note is read first, so that every block up to it is there.
        self.note_bytes = source.read("checkpoint")
        if self.note_bytes is None:
            raise Invalid(LEDGER, "it has no checkpoint")
        self.note = Note(text_of(self.note_bytes, CHECKPOINT), CHECKPOINT)
        self.chain = Chain(self.genesis, Tree() if keep_leaves else None)
        while self.chain.tree.size < self.note.size:
            height = self.chain.height + 1
            data = source.read(f"blocks/{height}")
            if data is None:
                raise Invalid(LEDGER, f"block {height} is missing")
            self.chain.append(data)
            progress(height, self.note.size)
        require(self.note.body == self.chain.checkpoint, CHECKPOINT,
                f"it is not what the blocks give at height {self.chain.height}")
        self.cosigners = self.note.verify(self.chain.history.of_size(self.note.size))

    def prove(self, index):
        """The receipt of any entry, made from the blocks alone; the leaves must have been kept."""
        require(index < self.note.size, LEDGER, f"it has no entry {index}")
        hashes = self.chain.tree.inclusion_proof(index, self.note.size)
        return receipt_text(index, hashes, self.note_bytes.decode("utf-8"))

    def check_receipt(self, data):
        """Checks a receipt that somebody holds against the leaf that the blocks have at its index."""
        receipt = Receipt(data)
        leaves = self.chain.tree.levels[0]
        require(receipt.index < len(leaves), "receipt", "its entry is not in the ledger")
        receipt.verify(self.chain.history, leaves[receipt.index])
        require(receipt.note.size <= self.note.size and self.chain.tree.root(receipt.note.size) == receipt.note.root,
                "receipt", "its checkpoint is of another ledger than the blocks")
        return receipt

    @property
    def sentence(self):
        chain = self.chain
        names = ", ".join(name for name, _ in self.cosigners)
        valid = (f"ledger is valid: {chain.height} blocks, {chain.submission_count} submissions and "
                 f"{chain.entry_count} entries of {self.genesis.origin}, cosigned at size {self.note.size} by {names}")
        return "; ".join([valid, *chain.doubts])
