#!/usr/bin/python3
"""Checks every block of a ledger of Consentry from genesis to its newest checkpoint, from the specifications alone.

    verify_ledger.py SOURCE --genesis FILE                   SOURCE: a validator's URL, or a folder with the same names:
                                                             `checkpoint`, `blocks/<height>`, `receipts/<index>`
    verify_ledger.py SOURCE --genesis FILE --index N …       also checks the receipt that SOURCE gives of entry N
    verify_ledger.py SOURCE --genesis FILE --receipt F …     also checks a receipt against the blocks
    verify_ledger.py SOURCE --genesis FILE --prove N         prints a receipt of entry N made from the blocks alone

Exit code 0: everything holds; 1: something does not; 2: wrong usage or something that cannot be read.
"""

import argparse
import sys

from consentry_verifier.ledgers import Ledger
from consentry_verifier.refusal import Invalid, require
from consentry_verifier.sources import Unreadable, source


def progress(height, size):
    if height % 1_000 == 0 and sys.stderr.isatty():
        print(f"\rblock {height} of a ledger of {size} entries", end="", file=sys.stderr)


def read(name):
    try:
        with open(name, "rb") as file:
            return file.read()
    except OSError as error:
        raise Unreadable(f"`{name}` cannot be read: {error.strerror}") from None


def run(arguments):
    place = source(arguments.source)
    receipts = [read(name) for name in arguments.receipt]
    keep_leaves = bool(receipts or arguments.index or arguments.prove is not None)
    ledger = Ledger(read(arguments.genesis), place, keep_leaves, progress)
    for index in arguments.index:
        data = place.read(f"receipts/{index}")
        require(data is not None, "ledger", f"there is no receipt of entry {index}")
        require(ledger.check_receipt(data).index == index, "receipt", f"it is of another entry than {index}")
    for data in receipts:
        ledger.check_receipt(data)
    if arguments.prove is not None:
        print(ledger.prove(arguments.prove), end="")
        return
    count = len(receipts) + len(arguments.index)
    print(ledger.sentence + (f"; {count} receipts are valid" if count else ""))


def index(text):
    value = int(text)
    if value < 0:
        raise ValueError
    return value


def main():
    parser = argparse.ArgumentParser(description="Check a whole ledger of Consentry.")
    parser.add_argument("source", metavar="URL|FOLDER")
    parser.add_argument("--genesis", required=True, metavar="FILE")
    parser.add_argument("--index", type=index, action="append", default=[], metavar="N")
    parser.add_argument("--receipt", action="append", default=[], metavar="FILE")
    parser.add_argument("--prove", type=index, metavar="N")
    try:
        run(parser.parse_args())
    except Invalid as invalid:
        print(invalid)
        return 1
    except Unreadable as unreadable:
        print(unreadable, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
