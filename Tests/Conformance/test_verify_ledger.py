#!/usr/bin/python3
"""Holds the check of whole ledgers against the pinned ledger, and breaks every rule alone.

BIT_STEP, where it is set, is the distance between the bits of the pinned ledger that are flipped; 1 tries all.
"""

import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

from consentry_verifier.ledgers import Ledger
from consentry_verifier.merkle import CompactRange, Tree, leaf_hash, root_from_proof
from consentry_verifier.refusal import Invalid
from consentry_verifier.sources import Folder
from ledger_forge import GENESIS_BYTES, VECTORS, Files, Forge, entry, key_id, submission

HERE = pathlib.Path(__file__).resolve().parent
LEDGER = VECTORS / "ledger"


def pinned_files():
    blocks = sorted(LEDGER.glob("blocks/*"))
    return {**{f"blocks/{path.name}": path.read_bytes() for path in blocks},
            "checkpoint": (LEDGER / "checkpoint").read_bytes()}


class PinnedLedgerTests(unittest.TestCase):
    """The ledger that the suite wrote."""

    def accepted(self, files):
        try:
            Ledger(GENESIS_BYTES, Files(files))
        except Invalid:
            return False
        return True

    def test_it_is_valid(self):
        ledger = Ledger(GENESIS_BYTES, Folder(LEDGER), keep_leaves=True)
        self.assertEqual((ledger.chain.height, ledger.note.size, len(ledger.cosigners)), (5, 14, 3))
        self.assertEqual((ledger.chain.entry_count, ledger.chain.submission_count), (9, 6))

    def test_flipped_bits_are_refused(self):
        step, files, accepted = int(os.environ.get("BIT_STEP", "101")), pinned_files(), []
        for name, data in files.items():
            for bit in range(0, len(data) * 8, step):
                changed = bytearray(data)
                changed[bit // 8] ^= 1 << bit % 8
                if self.accepted({**files, name: bytes(changed)}):
                    accepted.append((name, bit))
        self.assertEqual(accepted, [])

    def test_truncations_and_bytes_more_are_refused(self):
        files, accepted = pinned_files(), []
        for name, data in files.items():
            variants = [data[:count] for count in range(0, len(data), 37)] + [data + b"\0", data + b"\n", b"\0" + data]
            accepted += [(name, len(value)) for value in variants if self.accepted({**files, name: value})]
        self.assertEqual(accepted, [])

    def test_a_missing_or_exchanged_block_is_refused(self):
        files = pinned_files()
        for height in range(1, 6):
            name = f"blocks/{height}"
            self.assertFalse(self.accepted({key: data for key, data in files.items() if key != name}))
            self.assertFalse(self.accepted({**files, name: files[f"blocks/{height % 5 + 1}"]}))

    def test_any_entry_can_be_proven(self):
        ledger = Ledger(GENESIS_BYTES, Folder(LEDGER), keep_leaves=True)
        for index in range(ledger.note.size):
            receipt = ledger.check_receipt(ledger.prove(index).encode())
            self.assertEqual(receipt.index, index)
        with self.assertRaises(Invalid):
            ledger.prove(ledger.note.size)

    def test_a_receipt_at_an_older_checkpoint_is_in_the_ledger(self):
        ledger = Ledger(GENESIS_BYTES, Folder(LEDGER), keep_leaves=True)
        self.assertEqual(ledger.check_receipt((VECTORS / "receipt.txt").read_bytes()).index, 3)

    def test_a_receipt_of_another_ledger_is_refused(self):
        ledger = Ledger(GENESIS_BYTES, Folder(LEDGER), keep_leaves=True)
        forge = Forge()
        for _ in range(3):
            forge.append()
        other = Ledger(GENESIS_BYTES, Files(forge.files()), keep_leaves=True)
        for index in range(3):
            with self.assertRaises(Invalid):
                ledger.check_receipt(other.prove(index).encode())


class RuleTests(unittest.TestCase):
    """Blocks with right signatures that break one rule."""

    def setUp(self):
        self.forge = Forge()
        self.forge.append()
        self.forge.append([submission("consent", 0, [entry("consent", 0), entry("consent", 1)])])

    def refused(self, sentence, *arguments, **wrong):
        with self.assertRaisesRegex(Invalid, sentence):
            self.forge.chain.append(self.forge.block(*arguments, **wrong))

    def test_a_right_block_is_taken(self):
        self.forge.append([submission("identity", 0, [entry("identity", 0)]),
                           submission("consent", 1, [entry("consent", 2)])], members=(1, 2, 3), round_number=4)
        ledger = Ledger(GENESIS_BYTES, Files(self.forge.files()))
        self.assertEqual(ledger.chain.height, 3)

    def test_height(self):
        self.refused("states the height 4", height=4)

    def test_previous(self):
        self.refused("does not follow", previous=bytes([1]) * 32)

    def test_time_equal(self):
        self.refused("not later", time=self.forge.chain.time)

    def test_validator_set(self):
        self.refused("other validators than those in force", validator_set=bytes([1]) * 32)

    def test_next_validator_set(self):
        self.refused("other validators for the next block", next_set=bytes([1]) * 32)

    def test_root(self):
        self.refused("do not give its checkpoint", text=self.forge.chain.checkpoint)

    def test_origin(self):
        self.refused("do not give its checkpoint", text="consentry.example/other" + self.forge.chain.checkpoint[22:])

    def test_quorum(self):
        self.refused("2 validators precommitted it and 3 must", members=(0, 1))

    def test_unknown_validator(self):
        self.refused("unknown validator 4", members=(0, 1, 4))

    def test_validators_repeated(self):
        self.refused("do not ascend", members=(0, 1, 1))

    def test_prevotes_are_no_precommits(self):
        self.refused("does not verify", step=1)

    def test_precommits_of_another_height(self):
        self.refused("does not verify", signed_height=2)

    def test_precommits_by_the_wrong_keys(self):
        self.refused("does not verify", key="cosignature")

    def test_precommits_of_another_block(self):
        self.refused("for another block", certified=bytes([1]) * 32)

    def test_precommits_of_another_network(self):
        self.refused("for another network", network_id=bytes([1]) * 32)

    def test_sequence_gap(self):
        self.refused("holds sequence 2 of `consent` where 1 is next",
                     [submission("consent", 2, [entry("consent", 2)])])

    def test_sequence_taken_twice(self):
        self.refused("where 1 is next", [submission("consent", 0, [entry("consent", 0)])])

    def test_order_of_keys(self):
        submissions = [submission("identity", 0, [entry("identity", 0)]),
                       submission("consent", 1, [entry("consent", 2)])]
        submissions.sort(key=lambda value: value[36:68], reverse=True)
        self.refused("order of their keys", submissions, is_sorted=False)

    def test_unknown_submitter(self):
        self.refused("key of nobody in force", [submission("stranger", 0, [entry("stranger", 0)])])

    def test_signature_of_another_service(self):
        self.refused("signature of sequence 1", [submission("consent", 1, [entry("consent", 2)], signed_by="log 1")])

    def test_submission_for_another_network(self):
        self.refused("another network", [submission("consent", 1, [entry("consent", 2)], network_id=bytes(32))])

    def test_entry_of_another_submitter(self):
        self.refused("another submitter", [
            submission("consent", 1, [entry("consent", 2, submitter=key_id("signing identity"))])])

    def test_entry_id_twice(self):
        self.refused("used twice", [submission("consent", 1, [entry("consent", 2), entry("consent", 2)])])

    def test_public_payload_of_another_entry(self):
        self.refused("does not belong", [
            submission("consent", 1, [entry("consent", 2, kind=0x8001, payload=b"{}")], [b"[]"])])

    def test_public_entry_of_a_service(self):
        self.refused("`consent` submitted a public entry", [submission("consent", 1, [entry("consent", 2, kind=0x8001)], [b"{}"])])

    def test_too_many_entries(self):
        values = [submission("consent", 1 + place, [entry("consent", place * 1_024 + number + 2) for number in
                                                    range(1_024)]) for place in range(8)]
        self.refused("more bytes or entries", values + [submission("identity", 0, [entry("identity", 0)])])

    def test_cosignatures_below_the_quorum(self):
        for cosigners in ((0, 1), (0, 1, 1), (0, 1, 4)):
            files = self.forge.files(self.forge.note(cosigners))
            with self.assertRaises(Invalid):
                Ledger(GENESIS_BYTES, Files(files))

    def test_a_cosigned_fork_is_refused(self):
        other = Forge()
        for _ in range(4):
            other.append(time=other.chain.time + 77)
        self.assertEqual(other.chain.tree.size, self.forge.chain.tree.size)
        with self.assertRaisesRegex(Invalid, "not what the blocks give"):
            Ledger(GENESIS_BYTES, Files({**self.forge.files(), "checkpoint": other.note().encode()}))


class TreeTests(unittest.TestCase):
    def test_both_trees_and_all_proofs_agree(self):
        tree, compact = Tree(), CompactRange()
        leaves = [leaf_hash(bytes([number])) for number in range(40)]
        for count, leaf in enumerate(leaves, 1):
            tree.append(leaf)
            compact.append(leaf)
            self.assertEqual(tree.root(), compact.root())
            for index in range(count):
                proof = tree.inclusion_proof(index, count)
                self.assertEqual(root_from_proof(leaves[index], index, count, proof), tree.root())
                self.assertIsNone(root_from_proof(leaves[index], index, count, proof + [leaf]))


class CommandTests(unittest.TestCase):
    def run_command(self, *arguments):
        script = [sys.executable, "-B", str(HERE / "verify_ledger.py"), *map(str, arguments)]
        answer = subprocess.run(script, capture_output=True, text=True, check=False)
        return answer.returncode, (answer.stdout + answer.stderr).strip()

    def test_exit_codes_and_sentences(self):
        genesis = VECTORS / "genesis.json"
        code, text = self.run_command(LEDGER, "--genesis", genesis, "--receipt", VECTORS / "receipt.txt")
        self.assertEqual(code, 0, text)
        self.assertRegex(text, "^ledger is valid: 5 blocks, 6 submissions and 9 entries .*; 1 receipts are valid$")
        code, text = self.run_command(LEDGER, "--genesis", genesis, "--prove", 3)
        self.assertEqual((code, text.split("\n")[1]), (0, "index 3"))
        self.assertEqual(self.run_command(LEDGER, "--genesis", genesis, "--index", 3)[0], 1)
        self.assertEqual(self.run_command("/nowhere", "--genesis", genesis)[0], 2)
        self.assertEqual(self.run_command("http://127.0.0.1:1", "--genesis", genesis)[0], 2)
        self.assertEqual(self.run_command(LEDGER)[0], 2)

    def test_a_changed_block_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            files = pinned_files()
            data = bytearray(files["blocks/4"])
            data[random.randrange(len(data))] ^= 1
            (pathlib.Path(folder) / "blocks").mkdir()
            for name, value in {**files, "blocks/4": bytes(data)}.items():
                (pathlib.Path(folder) / name).write_bytes(value)
            code, text = self.run_command(folder, "--genesis", VECTORS / "genesis.json")
            self.assertEqual(code, 1)
            self.assertRegex(text, "^block 4 is not valid: [^\n]+$")


if __name__ == "__main__":
    unittest.main()
