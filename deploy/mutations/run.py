"""Applies mutations to a copy of the sources, one at a time, and says which of them the simulator finds."""

import argparse
import pathlib
import shutil
import subprocess
import sys
import time

FOLDERS = ["Shared", "Services", "Tests"]
RUN_SECONDS_MAX = 600


class Misfit(Exception):
    """A mutation whose text is not in the source exactly once."""


def parse(text):
    """Yields each mutation as its name and a list of (file, old text, new text)."""
    mutations, name, file, part, old, new = [], None, None, None, [], []
    for line in text.splitlines():
        if part is None:
            if line.startswith("== "):
                name = line[3:].strip()
                mutations.append((name, []))
            elif line.startswith("file "):
                file = line[5:].strip()
            elif line == "<<<":
                part, old, new = "old", [], []
        elif line == "---" and part == "old":
            part = "new"
        elif line == ">>>":
            mutations[-1][1].append((file, "\n".join(old), "\n".join(new)))
            part = None
        else:
            (old if part == "old" else new).append(line)
    return mutations


def apply(tree, edits):
    """Writes the mutated files and returns what they held before."""
    before = {}
    for file, old, new in edits:
        path = tree / file
        text = path.read_text()
        before.setdefault(path, text)
        count = text.count(old)
        if count != 1:
            raise Misfit(f"its text occurs {count} times in {file}:\n{old}")
        path.write_text(text.replace(old, new))
    return before


def check(root, mutations):
    """Fails before anything is built when a mutation does not fit."""
    misfits = []
    for name, edits in mutations:
        texts = {}
        for file, old, new in edits:
            text = texts.get(file) or (root / file).read_text()
            if text.count(old) != 1:
                misfits.append(f"{name}: its text occurs {text.count(old)} times in {file}")
            texts[file] = text.replace(old, new)
    return misfits


def build(root, tree, scratch):
    command = [
        "swift", "build", "-c", "release", "--product", "simulate", "--package-path", str(tree),
        "--scratch-path", str(scratch),
    ]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def simulate(scratch, seeds):
    """Runs scenarios and seeds; returns whether something was found, and its first line."""
    command = [
        str(scratch / "release" / "simulate"), "--scenarios", "--seeds", str(seeds), "--failures-max", "1",
    ]
    try:
        run = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            timeout=RUN_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        return True, f"does not end within {RUN_SECONDS_MAX} s"
    if run.returncode == 0:
        return False, ""
    lines = [line for line in run.stdout.splitlines() if line.startswith(("scenario ", "seed "))]
    if not lines:
        return True, f"ends with code {run.returncode}: a broken invariant traps"
    return True, lines[0][:110]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--only")
    parser.add_argument("--after")
    options = parser.parse_args()
    root = options.root
    mutations = parse((root / "deploy/mutations/agreement.txt").read_text())
    if options.only:
        mutations = [mutation for mutation in mutations if mutation[0] == options.only]
    names = [name for name, _ in mutations]
    if options.after in names:
        mutations = mutations[names.index(options.after) + 1:]
    misfits = check(root, mutations)
    if misfits or not mutations:
        print("\n".join(misfits) or "no mutation has that name")
        return 2
    work = root / ".build-mutations"
    tree, scratch = work / "tree", work / "build"
    if tree.exists():
        shutil.rmtree(tree)
    tree.mkdir(parents=True)
    for folder in FOLDERS:
        shutil.copytree(root / folder, tree / folder)
    # A guard that is taken out leaves values behind that nobody uses, which is no error here. The simulator is
    # compiled again for each mutation and runs for seconds, so compiling it must cost little.
    manifest = (root / "Package.swift").read_text()
    manifest = manifest.replace(".treatAllWarnings(as: .error),", "")
    place = 'path: "Tests/LedgerSimulation", swiftSettings: .strict'
    manifest = manifest.replace(place, place + ' + [.unsafeFlags(["-Onone"])]')
    (tree / "Package.swift").write_text(manifest)
    if (root / "Package.resolved").exists():
        shutil.copy2(root / "Package.resolved", tree)
    unchanged = build(root, tree, scratch)
    if unchanged.returncode != 0:
        print(unchanged.stdout[-3000:])
        return 2
    found, line = simulate(scratch, options.seeds)
    if found:
        print(f"the unchanged source fails: {line}")
        return 2
    survivors = []
    for name, edits in mutations:
        began = time.monotonic()
        before = apply(tree, edits)
        built = build(root, tree, scratch)
        if built.returncode != 0:
            print(f"{name} does not compile:\n{built.stdout[-2000:]}")
            return 2
        killed, line = simulate(scratch, options.seeds)
        if not killed:
            survivors.append(name)
        word = "killed  " if killed else "SURVIVED"
        print(f"{word}  {name:44} {time.monotonic() - began:5.0f} s  {line}", flush=True)
        for path, text in before.items():
            path.write_text(text)
    print(f"{len(mutations) - len(survivors)} of {len(mutations)} mutations killed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
