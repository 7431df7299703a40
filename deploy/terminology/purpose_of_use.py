#!/usr/bin/env python3
"""Writes Shared/ConsentEngine/Terminology/PurposeOfUse.swift from HL7's v3-ActReason CodeSystem.

Usage: python3 deploy/terminology/purpose_of_use.py <v3-ActReason.json> \\
           > Shared/ConsentEngine/Terminology/PurposeOfUse.swift

Only what lies below the concept PurposeOfUse is kept, in depth-first order, each with the index of its parent;
the concept itself states no purpose. A test compares the result with the CodeSystem.
"""
import json
import sys


def find(concepts, code):
    for concept in concepts:
        found = concept if concept["code"] == code else find(concept.get("concept", []), code)
        if found:
            return found
    return None


def flatten(concepts, parent, rows):
    for concept in concepts:
        rows.append((concept["code"], concept["display"], parent))
        flatten(concept.get("concept", []), len(rows) - 1, rows)
    return rows


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        system = json.load(file)
    rows = flatten(find(system["concept"], "PurposeOfUse")["concept"], None, [])
    assert len(rows) < 255 and len({row[0] for row in rows}) == len(rows)
    print(f"""\
// Written by deploy/terminology/purpose_of_use.py from HL7's v3-ActReason; do not edit by hand.

/// The concepts below PurposeOfUse in v3-ActReason.
enum PurposeOfUse {{
    /// The version of the CodeSystem that the table was made from.
    static let version = "{system["version"]}"

    /// One concept: its code, its display and the index of the concept that it is a kind of.
    struct Concept: Sendable {{
        let code: String
        let display: String
        let parent: UInt8?

        init(_ code: String, _ display: String, _ parent: UInt8? = nil) {{
            self.code = code
            self.display = display
            self.parent = parent
        }}
    }}

    /// The concepts, each after the one that it is a kind of.
    static let concepts: [Concept] = [""")
    for code, display, parent in rows:
        kind = "" if parent is None else f", {parent}"
        print(f'        Concept("{code}", "{display}"{kind}),')
    print("    ]\n}")


main()
