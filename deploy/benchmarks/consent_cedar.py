#!/usr/bin/env python3
"""Holds the Cedar engine (cedarpy) against the consent engine, on lines of `consent-benchmark export`.

  consent_cedar.py differences FILE
      every answer of FILE, resource step and request step; then how many answers would differ without each of
      the rules that are written by hand
  consent_cedar.py figures FILE [FILE ...]
      the time that Cedar takes for the requests of each file

Exit code 1 when an answer differs for which no rule accounts.
"""
import collections
import ctypes
import json
import statistics
import sys
import time

import cedarpy

import cedar_policies
from cedar_policies import Graph, Translation

# Lines on which each omission is tried.
OMISSION_LINES = 1000
RUNS = 5
# What the request step may differ by: Cedar decides about given resources.
LEAVES_OPEN = {
    "permit": "permits because some resource could be permitted; Cedar leaves a residual about it",
    "deny": "denies because no resource could be permitted; Cedar leaves a residual, and searches for none",
}


def lines(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


class World:
    """One line with everything parsed that Cedar needs to answer."""

    def __init__(self, line, omitted=()):
        graph = Graph()
        translation = Translation(line["contracts"], line["policies"], omitted)
        self.cases = line["cases"]
        self.asked = [
            cedar_policies.requests(case, number, graph, omitted) for number, case in enumerate(self.cases)]
        self.policies_text = translation.policies_text()
        self.graph_text = graph.text()
        self.policies = cedarpy.PolicySet.from_str(self.policies_text)
        self.entities = cedarpy.Entities.from_json_str(self.graph_text)

    def about(self):
        """Requests about resources, in order, each with the answer of the consent engine."""
        for case, asked in zip(self.cases, self.asked):
            for purpose, (requests, _) in zip(case["purposes"], asked):
                yield from zip(requests, purpose["resources"])

    def answers(self, requests):
        results = cedarpy.is_authorized_batch(requests, self.policies, self.entities)
        for result in results:
            if result.diagnostics.errors:
                sys.exit(f"a Cedar policy could not be evaluated: {result.diagnostics.errors[0]}")
        return results


def resource_differences(world):
    asked = list(world.about())
    results = world.answers([request for request, _ in asked])
    found = [
        (request, expected, result.allowed) for (request, expected), result in zip(asked, results)
        if result.allowed != (expected == "permit")]
    return found, len(asked), sum(result.allowed for result in results)


def request_step(world, counts):
    """Counts how Cedar's partial evaluation, without a resource, stands to the request step."""
    for case, asked in zip(world.cases, world.asked):
        for purpose, (_, request) in zip(case["purposes"], asked):
            # Partial evaluation takes entities in Cedar's syntax only.
            spelt = dict(request, **{name: cedar_policies.entity(request[name]["type"], request[name]["id"])
                                     for name in ("principal", "action")})
            result = cedarpy.is_authorized_partial(spelt, world.policies, world.entities)
            decision = None if result.decision is None else result.decision.value
            if decision not in ("Allow", "Deny"):
                counts[LEAVES_OPEN[purpose["request"]]] += 1
            elif (decision == "Allow") == (purpose["request"] == "permit"):
                counts["same"] += 1
            else:
                counts["unexplained"] += 1
                print(f"UNEXPLAINED request step: {purpose['request']} here, Cedar {decision}")
                print(json.dumps(spelt))
                print(world.policies_text)


def differences(path):
    pair_count = answer_count = permit_count = unexplained = 0
    counts = collections.Counter()
    kept = []
    for line in lines(path):
        if len(kept) < OMISSION_LINES:
            kept.append(line)
        world = World(line)
        pair_count += sum(len(case["resources"]) for case in world.cases)
        found, count, permits = resource_differences(world)
        answer_count += count
        permit_count += permits
        for request, expected, allowed in found:
            unexplained += 1
            if unexplained <= 3:
                print(f"UNEXPLAINED resource step: {expected}, Cedar {allowed}: {json.dumps(request)}")
                print(world.policies_text)
        request_step(world, counts)
    print("\n| Cedar beside the consent engine | answers |\n|---|---|")
    print(f"| resource step, {pair_count:,} pairs of request and resource, each purpose | {answer_count:,} |")
    print(f"| of these permits | {permit_count:,} |")
    print(f"| of these different | {unexplained:,} |")
    print(f"| request step, purposes | {sum(counts.values()):,} |")
    print(f"| of these the same | {counts['same']:,} |")
    for reason in LEAVES_OPEN.values():
        print(f"| of these: {reason} | {counts[reason]:,} |")
    print(f"| of these different without a reason | {counts['unexplained']:,} |")
    print_omissions(kept)
    return unexplained + counts["unexplained"] == 0


def print_omissions(kept):
    print("\n| without the rule written by hand for | resource answers that differ |\n|---|---|")
    for omission in cedar_policies.OMISSIONS:
        different = total = 0
        for line in kept:
            found, count, _ = resource_differences(World(line, (omission,)))
            different += len(found)
            total += count
        print(f"| {omission} | {different:,} of {total:,} |", flush=True)


class HeapState(ctypes.Structure):
    """What glibc's mallinfo2 returns."""
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks",
        "keepcost")]


def heap_bytes():
    """Bytes that this process holds on its heap, where Cedar keeps its policies too."""
    state = ctypes.CDLL("libc.so.6").mallinfo2
    state.restype = HeapState
    found = state()
    return found.uordblks + found.hblkhd


def percentile(values, hundredths):
    return sorted(values)[min(len(values) - 1, len(values) * hundredths // 100)]


def figures(paths):
    print("\n| Cedar, contracts a patient | requests/s, whole call | requests/s, engine alone | p50 | p99 "
          "| policies parsed, a contract | memory, a contract |\n|---|---|---|---|---|---|---|")
    same = True
    for path in paths:
        parsed = [World(line) for line in lines(path)]
        contract_count = sum(len(line["contracts"]) for line in lines(path))
        before = heap_bytes()
        started = time.perf_counter()
        held = [cedarpy.PolicySet.from_str(world.policies_text) for world in parsed]
        parse_seconds = time.perf_counter() - started
        policy_bytes = heap_bytes() - before
        whole, engine, engine_micros = [], [], []
        for _ in range(RUNS):
            seconds, micros = 0.0, []
            for world, policies in zip(parsed, held):
                requests = [request for request, _ in world.about()]
                started = time.perf_counter()
                results = cedarpy.is_authorized_batch(requests, policies, world.entities)
                seconds += time.perf_counter() - started
                micros += [result.metrics["authz_duration_micros"] for result in results]
            whole.append(len(micros) / seconds)
            engine.append(len(micros) / (sum(micros) / 1e6))
            engine_micros.append(micros)
        same = not any(resource_differences(world)[0] for world in parsed) and same
        print(
            f"| {contract_count // len(parsed)} | {statistics.median(whole):,.0f} "
            f"| {statistics.median(engine):,.0f} "
            f"| {statistics.median(percentile(micros, 50) for micros in engine_micros)} µs "
            f"| {statistics.median(percentile(micros, 99) for micros in engine_micros)} µs "
            f"| {parse_seconds / contract_count * 1e6:,.0f} µs | {policy_bytes // contract_count:,} bytes |",
            flush=True)
    print("\nthe answers are the same" if same else "\nUNEXPLAINED: an answer differs")
    return same


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "differences":
        return differences(arguments[1])
    if len(arguments) > 1 and arguments[0] == "figures":
        return figures(arguments[1:])
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
