#!/usr/bin/python3
"""Holds the checks of receipts against the pinned vectors: I8, any change of one bit fails.

The genesis file is tried at every n-th bit, n from the environment variable BIT_STEP (1 tries all), because a bit
flipped in a key costs a point multiplication in Python.
"""

import os
import pathlib
import unittest

from consentry_verifier.canonical_json import canonical_number
from consentry_verifier.ed25519 import is_sealing_key, is_signing_key
from consentry_verifier.receipts import verify
from consentry_verifier.refusal import Invalid

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "LedgerProtocolTests" / "Vectors"


def flips(data, step=1):
    for bit in range(0, len(data) * 8, step):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << (bit % 8)
        yield bit, bytes(changed)


class VerifyReceiptTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.receipt = (VECTORS / "receipt.txt").read_bytes()
        cls.event = (VECTORS / "event.json").read_bytes()
        cls.genesis = (VECTORS / "genesis.json").read_bytes()

    def accepted(self, variants, place):
        accepted = []
        for name, data in variants:
            files = [self.receipt, self.event, self.genesis]
            files[place] = data
            try:
                verify(*files)
                accepted.append(name)
            except Invalid:
                pass
        return accepted

    def test_the_vectors_are_valid(self):
        verdict = verify(self.receipt, self.event, self.genesis)
        self.assertEqual((verdict["index"], verdict["treeSize"], len(verdict["cosigners"])), (3, 6, 3))

    def test_every_flipped_bit_of_the_receipt_is_refused(self):
        self.assertEqual(self.accepted(flips(self.receipt), 0), [])

    def test_every_flipped_bit_of_the_event_is_refused(self):
        self.assertEqual(self.accepted(flips(self.event), 1), [])

    def test_flipped_bits_of_the_genesis_are_refused(self):
        step = int(os.environ.get("BIT_STEP", "13"))
        self.assertEqual(self.accepted(flips(self.genesis, step), 2), [])

    def test_every_truncation_and_a_byte_more_are_refused(self):
        for place, data in enumerate((self.receipt, self.event, self.genesis)):
            shorter = ((count, data[:count]) for count in range(len(data)))
            longer = ((byte, data + bytes([byte])) for byte in range(256))
            self.assertEqual(self.accepted(shorter, place), [])
            self.assertEqual(self.accepted(longer, place), [])

    def test_small_order_keys_are_refused(self):
        for data in ("01" + "00" * 31, "00" * 32, "ec" + "ff" * 30 + "7f", "ee" + "ff" * 30 + "7f"):
            self.assertFalse(is_signing_key(bytes.fromhex(data)))
        self.assertFalse(is_sealing_key(bytes(32)))

    def test_numbers_are_written_as_ecmascript_writes_them(self):
        for lexeme, text in (("1.50", "1.5"), ("1e21", "1e+21"), ("1e20", "1" + "0" * 20), ("-0", "0"),
                             ("0.000001", "0.000001"), ("1e-7", "1e-7"), ("123456789.125", "123456789.125")):
            self.assertEqual(canonical_number(lexeme), text)


if __name__ == "__main__":
    unittest.main()
