"""Applies mutations to a copy of the sources, one at a time, and says which of them the tests find."""

import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

RUN_SECONDS_MAX = 600


class Misfit(Exception):
    """A mutation whose text is not in the source exactly once, or a run that says nothing about it."""


def parse(text):
    """Returns each mutation as its name and a list of (file, old text, new text)."""
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
    names = set()
    for name, edits in mutations:
        if name in names:
            misfits.append(f"{name}: another mutation has that name")
        names.add(name)
        if not edits:
            misfits.append(f"{name}: it changes nothing")
        texts = {}
        for file, old, new in edits:
            if not (root / file).exists():
                misfits.append(f"{name}: {file} is not there")
                continue
            text = texts.get(file) or (root / file).read_text()
            if text.count(old) != 1:
                misfits.append(f"{name}: its text occurs {text.count(old)} times in {file}")
            texts[file] = text.replace(old, new)
    return misfits


def copy(root, tree, names):
    """Makes the tree anew from folders and files of the project."""
    if tree.exists():
        shutil.rmtree(tree)
    for name in names:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        if (root / name).is_dir():
            shutil.copytree(root / name, tree / name)
        else:
            shutil.copy2(root / name, tree / name)


class Profile:
    """What is built and run; `swift_build` builds it and `run` says whether something was found, and what."""

    def __init__(self, options):
        self.root = options.root
        self.work = options.root / self.folder
        self.tree = self.work / "tree"
        self.scratch = self.work / "build"

    def swift_build(self):
        command = [
            "swift", "build", *self.build_arguments, "--package-path", str(self.tree),
            "--scratch-path", str(self.scratch),
        ]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


class Agreement(Profile):
    """The ledger's agreement against its simulator: all scenarios, then seeds."""

    folder = ".build-mutations"
    build_arguments = ["-c", "release", "--product", "simulate"]

    def __init__(self, options):
        super().__init__(options)
        self.seeds = options.seeds

    def prepare(self):
        copy(self.root, self.tree, ["Shared", "Services", "Tests"])
        # A guard that is taken out leaves values behind that nobody uses, which is no error here. The simulator
        # is compiled again for each mutation and runs for seconds, so compiling it must cost little.
        manifest = (self.root / "Package.swift").read_text()
        manifest = manifest.replace(".treatAllWarnings(as: .error),", "")
        place = 'path: "Tests/LedgerSimulation", swiftSettings: .strict'
        manifest = manifest.replace(place, place + ' + [.unsafeFlags(["-Onone"])]')
        (self.tree / "Package.swift").write_text(manifest)
        if (self.root / "Package.resolved").exists():
            shutil.copy2(self.root / "Package.resolved", self.tree)

    def run(self):
        command = [
            str(self.scratch / "release" / "simulate"), "--scenarios", "--seeds", str(self.seeds),
            "--failures-max", "1",
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


class Consent(Profile):
    """The consent engine against its tests, in a small package of its own."""

    folder = ".build-mutations-consent"
    build_arguments = ["--build-tests"]
    # Beside the modules what tests read as text.
    sources = [
        "Shared/Model", "Shared/ConsentEngine", "Tests/ConsentEngineTests", "Tests/TestSupport/Corpora.swift",
        "Services/Records/Core/Bundle/ResourceTypeTable.swift",
    ]
    manifest = """// swift-tools-version: 6.2
import PackageDescription
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"), .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]
let package = Package(name: "ConsentMutations", targets: [
    .target(name: "Model", path: "Shared/Model", swiftSettings: strict),
    .target(name: "ConsentEngine", dependencies: ["Model"], path: "Shared/ConsentEngine", swiftSettings: strict),
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
    .testTarget(name: "ConsentEngineTests", dependencies: ["ConsentEngine", "Model", "TestSupport"],
                path: "Tests/ConsentEngineTests", exclude: ["Golden"], swiftSettings: strict),
], swiftLanguageModes: [.v6])
"""

    def prepare(self):
        corpora = self.root.parent / "shared" / "corpora"
        if not (corpora / "README.md").exists():
            # Tests that need it would be skipped, and what they find would survive.
            raise Misfit(f"the test material is not at {corpora}")
        copy(self.root, self.tree, self.sources)
        (self.tree / "Package.swift").write_text(self.manifest)
        # The tests look for it beside the package.
        link = self.work / "shared" / "corpora"
        link.parent.mkdir(exist_ok=True)
        if link.is_symlink():
            link.unlink()
        link.symlink_to(corpora.resolve())

    # The tests that take seconds; the others come first.
    slow = "PropertyTests|FuzzTests|requestsWithExceptions|withoutAnIdle|whatItSaysTurns|ZoneRules|Synthea"

    def run(self):
        found, line = self.run_tests("--skip", self.slow)
        return (True, line) if found else self.run_tests("--filter", self.slow)

    def run_tests(self, *selection):
        """Ends with the first test that fails; a test that traps or does not end has found something too."""
        command = [
            "swift", "test", "--skip-build", "--disable-xctest", "--package-path", str(self.tree),
            "--scratch-path", str(self.scratch), *selection,
        ]
        began = time.monotonic()
        test = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        os.set_blocking(test.stdout.fileno(), False)
        text, failure = "", None
        try:
            while failure is None:
                ended = test.poll() is not None
                text += (test.stdout.read() or b"").decode(errors="replace")
                # Arguments of a test may stand on several lines.
                failure = re.search(r"Test (\S+\(.*?\)) recorded an issue[\s\S]*? at (\w+\.swift:\d+)", text)
                if ended:
                    break
                if time.monotonic() - began > RUN_SECONDS_MAX:
                    return True, f"does not end within {RUN_SECONDS_MAX} s"
                time.sleep(0.1)
        finally:
            if test.poll() is None:
                os.killpg(test.pid, signal.SIGKILL)
                test.wait()
        if failure:
            return True, f"{failure[2]} {failure[1]}"[:110]
        if test.returncode == 0:
            if not re.search(r"Test run with [1-9]\d* tests? .*passed", text):
                raise Misfit(f"no test has run:\n{text[-2000:]}")
            return False, ""
        failed = re.search(r"✘ Test (\S+\(.*?\)).* failed after", text)
        if failed:
            return True, failed[1][:110]
        if "signal" in text:
            return True, "a broken invariant traps"
        raise Misfit(f"the tests could not be run:\n{text[-2000:]}")


PROFILES = {"agreement": Agreement, "consent": Consent}


def run_all(profile, mutations):
    """Runs the unchanged source, which must pass, then each mutation; returns the exit code."""
    profile.prepare()
    unchanged = profile.swift_build()
    if unchanged.returncode != 0:
        print(unchanged.stdout[-3000:])
        return 2
    found, line = profile.run()
    if found:
        print(f"the unchanged source fails: {line}")
        return 2
    survivors, misfits = [], []
    for name, edits in mutations:
        began = time.monotonic()
        before = apply(profile.tree, edits)
        built = profile.swift_build()
        if built.returncode != 0:
            misfits.append(name)
            print(f"{name} does not compile:\n{built.stdout[-2000:]}", flush=True)
        else:
            killed, line = profile.run()
            if not killed:
                survivors.append(name)
            word = "killed  " if killed else "SURVIVED"
            print(f"{word}  {name:50} {time.monotonic() - began:5.0f} s  {line}", flush=True)
        for path, text in before.items():
            path.write_text(text)
    killed_count = len(mutations) - len(survivors) - len(misfits)
    for line in [f"survived: {name}" for name in survivors] + [f"misfit: {name}" for name in misfits]:
        print(line)
    print(f"{killed_count} of {len(mutations)} mutations killed")
    return 2 if misfits else 1 if survivors else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--profile", choices=sorted(PROFILES), required=True)
    parser.add_argument("--seeds", type=int, default=300, help="seeds of the agreement's simulator")
    parser.add_argument("--only", action="append", help="a mutation's name; may be given several times")
    parser.add_argument("--after", help="go on behind this mutation")
    parser.add_argument("--check", action="store_true", help="only say whether every mutation fits")
    options = parser.parse_args()
    root = options.root
    mutations = parse((root / "deploy/mutations" / f"{options.profile}.txt").read_text())
    if options.only:
        mutations = [mutation for mutation in mutations if mutation[0] in options.only]
    names = [name for name, _ in mutations]
    if options.after in names:
        mutations = mutations[names.index(options.after) + 1:]
    misfits = check(root, mutations)
    if misfits or not mutations:
        print("\n".join(misfits) or "no mutation has that name")
        return 2
    if options.check:
        print(f"{len(mutations)} mutations fit")
        return 0
    try:
        return run_all(PROFILES[options.profile](options), mutations)
    except Misfit as misfit:
        print(misfit)
        return 2


if __name__ == "__main__":
    # So that a test that is running ends too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
