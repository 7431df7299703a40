#!/usr/bin/python3
"""Checks a receipt, an event and a genesis file of Consentry, from the specifications alone.

Exit code 0: the receipt is valid; 1: it is not; 2: wrong usage or an unreadable file.
"""

import argparse
import json
import sys

from consentry_verifier.receipts import sentence, verify
from consentry_verifier.refusal import Invalid


def main():
    parser = argparse.ArgumentParser(description="Check a receipt of Consentry offline.")
    for name in ("receipt", "event", "genesis"):
        parser.add_argument(f"--{name}", required=True, metavar="FILE")
    parser.add_argument("--changes", metavar="FILE", help="the changes to the network since genesis")
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead of a sentence")
    arguments = parser.parse_args()
    files = []
    for name in filter(None, (arguments.receipt, arguments.event, arguments.genesis, arguments.changes)):
        try:
            with open(name, "rb") as file:
                files.append(file.read())
        except OSError as error:
            print(f"`{name}` cannot be read: {error.strerror}", file=sys.stderr)
            return 2
    try:
        verdict = verify(*files)
    except Invalid as invalid:
        verdict = {"part": invalid.part, "sentence": invalid.sentence, "valid": False}
        print(json.dumps(verdict, separators=(",", ":")) if arguments.json else str(invalid))
        return 1
    print(json.dumps(verdict, separators=(",", ":"), ensure_ascii=False) if arguments.json else sentence(verdict))
    return 0


if __name__ == "__main__":
    sys.exit(main())
