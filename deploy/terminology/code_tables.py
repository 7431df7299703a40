#!/usr/bin/env python3
"""Writes the code tables of Shared/ConsentEngine/Terminology from HL7's public code systems.

Usage: python3 deploy/terminology/code_tables.py <folder>

The folder holds v3-ActReason.json, v3-ActCode.json and v3-Confidentiality.json, as HL7 publishes them at
terminology.hl7.org. Of the first what lies below PurposeOfUse is kept, of the second what lies below
_InformationSensitivityPolicy, in depth-first order, each with the index of its parent; abstract concepts are
passed over. Of the third the six codes of the order U < L < M < N < R < V are held against the file. The digest
of a table is the SHA-256 of its rows, so that a decision can say by which table it was made. Tests compare the
tables with the code systems.
"""
import hashlib
import json
import pathlib
import sys

TARGET = pathlib.Path(__file__).resolve().parents[2] / "Shared/ConsentEngine/Terminology"
CONFIDENTIALITY = ["U", "L", "M", "N", "R", "V"]

TEMPLATE = """\
// Written by deploy/terminology/code_tables.py from HL7's {system}; do not edit by hand.

/// {what}
enum {name} {{
    /// The table with the version of the code system that it was made from.
    static let table = CodeTable(
        system: "http://terminology.hl7.org/CodeSystem/{system}", version: "{version}",
        digest: "{digest}",
        concepts: [
{rows}
        ])
}}
"""


def load(folder, system):
    with open(folder / f"{system}.json", encoding="utf-8") as file:
        return json.load(file)


def find(concepts, code):
    for concept in concepts:
        found = concept if concept["code"] == code else find(concept.get("concept", []), code)
        if found:
            return found
    return None


def flatten(concepts, parent, rows):
    for concept in concepts:
        own = parent
        if not concept["code"].startswith("_"):
            rows.append((concept["code"], concept["display"], parent))
            own = len(rows) - 1
        flatten(concept.get("concept", []), own, rows)
    return rows


def write(name, system, version, what, rows):
    assert len(rows) < 255 and len({row[0] for row in rows}) == len(rows)
    text = "".join(f"{code}\t{display}\t{'' if parent is None else parent}\n" for code, display, parent in rows)
    lines = []
    for code, display, parent in rows:
        kind = "" if parent is None else f", {parent}"
        lines.append(f'            CodeTable.Concept("{code}", "{display}"{kind}),')
    (TARGET / f"{name}.swift").write_text(TEMPLATE.format(
        name=name, system=system, version=version, what=what, rows="\n".join(lines),
        digest=hashlib.sha256(text.encode()).hexdigest()), encoding="utf-8")


def main():
    folder = pathlib.Path(sys.argv[1])
    reasons = load(folder, "v3-ActReason")
    write("PurposeOfUse", "v3-ActReason", reasons["version"], "The concepts below PurposeOfUse.",
          flatten(find(reasons["concept"], "PurposeOfUse")["concept"], None, []))
    acts = load(folder, "v3-ActCode")
    write("InformationSensitivity", "v3-ActCode", acts["version"],
          "The concepts below InformationSensitivityPolicy.",
          flatten(find(acts["concept"], "_InformationSensitivityPolicy")["concept"], None, []))
    codes = load(folder, "v3-Confidentiality")
    found = [find(codes["concept"], code) for code in CONFIDENTIALITY]
    write("ConfidentialityCodes", "v3-Confidentiality", codes["version"],
          "The codes of confidentiality in their order, from least to most confidential.",
          [(concept["code"], concept["display"], None) for concept in found])


main()
