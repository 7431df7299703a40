#!/usr/bin/python3
"""Downloads a whole tiled log (C2SP tlog-tiles) and checks it against a C2SP tlog-policy file.

An independent client: it shares no code with the suite and knows nothing of Consentry. It reads `checkpoint`, every
entry bundle and every tile from a URL or a folder, verifies the signatures of the checkpoint under the policy, hashes
every entry, compares every tile and rebuilds the root. It needs Python 3.9 and the package `cryptography`.

Exit code 0: the log is what its checkpoint says; 1: it is not; 2: wrong usage, or something cannot be read.
"""

import argparse
import base64
import binascii
import hashlib
import http.client
import os
import struct
import sys
import urllib.parse

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH = 256
NOTE_BYTES_MAX = 1_000_000
BUNDLE_BYTES_MAX = WIDTH * (2 + 65_535)


class Invalid(Exception):
    """The log is not what its checkpoint says."""


class Unreadable(Exception):
    """Something cannot be read at all."""


# --- where the files come from ---


class Folder:
    def __init__(self, root):
        self.root = root

    def read(self, path, bytes_max):
        try:
            with open(os.path.join(self.root, path), "rb") as file:
                data = file.read(bytes_max + 1)
        except OSError as error:
            raise Unreadable(f"`{path}` cannot be read: {error.strerror}") from None
        if len(data) > bytes_max:
            raise Invalid(f"`{path}` is longer than it can be")
        return data


class Web:
    """One connection that is kept; a request that finds it closed is made once more."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.connection = kind(parts.hostname, parts.port, timeout=20)
        self.prefix = parts.path.rstrip("/")

    def read(self, path, bytes_max):
        for attempt in (0, 1):
            try:
                self.connection.request("GET", f"{self.prefix}/{path}")
                response = self.connection.getresponse()
                data = response.read(bytes_max + 1)
                rest = response.read()
            except (OSError, http.client.HTTPException) as error:
                self.connection.close()
                if attempt:
                    raise Unreadable(f"`{path}` cannot be fetched: {error}") from None
                continue
            if response.status != 200:
                raise Unreadable(f"`{path}` is answered with status {response.status}")
            if rest or len(data) > bytes_max:
                raise Invalid(f"`{path}` is longer than it can be")
            return data


# --- signed notes and policies ---


def decode(text):
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise Invalid(f"`{text}` is not base64") from None
    if base64.b64encode(data).decode() != text:
        raise Invalid(f"`{text}` is not canonical base64")
    return data


class Key:
    """A verifier key `name+id+base64` of type 0x01 (log) or 0x04 (cosigner)."""

    def __init__(self, vkey):
        try:
            self.name, identifier, encoded = vkey.split("+", 2)
            data = base64.b64decode(encoded, validate=True)
            self.kind, self.key = data[0], data[1:]
            self.verifier = Ed25519PublicKey.from_public_bytes(self.key)
        except (ValueError, IndexError, binascii.Error):
            raise Unreadable(f"the policy holds the malformed key `{vkey}`") from None
        self.id = hashlib.sha256(self.name.encode() + b"\n" + data).digest()[:4]
        if self.kind not in (1, 4) or identifier != self.id.hex():
            raise Unreadable(f"the policy holds the key `{vkey}` of another type or id than it states")

    def verify(self, text, signature):
        if self.kind == 1:
            self.verifier.verify(signature, text)
            return
        if len(signature) != 72:
            raise InvalidSignature
        (time,) = struct.unpack(">Q", signature[:8])
        self.verifier.verify(signature[8:], b"cosignature/v1\ntime %d\n" % time + text)


class Policy:
    def __init__(self, text):
        self.logs, self.witnesses, self.groups, self.quorum = [], {}, {}, None
        for line in text.split("\n"):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "log" and len(words) in (2, 3):
                self.logs.append(Key(words[1]))
            elif words[0] == "witness" and len(words) in (3, 4):
                self.define(words[1])
                self.witnesses[words[1]] = Key(words[2])
            elif words[0] == "group" and len(words) >= 4:
                members = words[3:]
                self.define(words[1])
                for member in members:
                    self.require_known(member)
                count = {"any": "1", "all": str(len(members))}.get(words[2], words[2])
                if not count.isdecimal() or not 1 <= int(count) <= len(members):
                    raise Unreadable(f"the group `{words[1]}` of the policy has an impossible threshold")
                self.groups[words[1]] = (int(count), members)
            elif words[0] == "quorum" and len(words) == 2 and self.quorum is None:
                if words[1] != "none":
                    self.require_known(words[1])
                self.quorum = words[1]
            else:
                raise Unreadable(f"the policy holds the line `{line}`, which is none of a policy")
        if self.quorum is None or not self.logs:
            raise Unreadable("the policy names no quorum or no log")
        keys = [key.key for key in self.witnesses.values()]
        if len(set(keys)) != len(keys):
            raise Unreadable("the policy names a witness twice")

    def define(self, name):
        if name == "none" or name in self.witnesses or name in self.groups:
            raise Unreadable(f"the policy defines `{name}` twice")

    def require_known(self, name):
        if name not in self.witnesses and name not in self.groups:
            raise Unreadable(f"the policy uses `{name}` before it defines it")

    def is_met(self, name, signers):
        if name == "none":
            return True
        if name in self.witnesses:
            return name in signers
        count, members = self.groups[name]
        return sum(self.is_met(member, signers) for member in members) >= count


def read_note(data):
    text, separator, signatures = data.rpartition(b"\n\n")
    if not separator or not signatures.endswith(b"\n"):
        raise Invalid("the checkpoint is not a signed note")
    lines = []
    for line in signatures[:-1].decode("utf-8", "replace").split("\n"):
        words = line.split(" ")
        if len(words) != 3 or words[0] != "\u2014":
            raise Invalid(f"the checkpoint holds the malformed signature line `{line}`")
        signature = decode(words[2])
        lines.append((words[1], signature[:4], signature[4:]))
    return text + b"\n", lines


def signed_by(key, text, lines):
    signed = False
    for name, identifier, signature in lines:
        if name == key.name and identifier == key.id:
            try:
                key.verify(text, signature)
            except InvalidSignature:
                raise Invalid(f"the signature of `{name}` does not verify") from None
            signed = True
    return signed


def verify_checkpoint(data, policy):
    text, lines = read_note(data)
    parts = text.decode("utf-8", "replace").split("\n")
    if len(parts) < 4 or not parts[1].isdecimal() or str(int(parts[1])) != parts[1]:
        raise Invalid("the note is not a checkpoint")
    origin, size, root = parts[0], int(parts[1]), decode(parts[2])
    if not any([signed_by(key, text, lines) for key in policy.logs if key.name == origin]):
        raise Invalid(f"no log of the policy signed the checkpoint of `{origin}`")
    signers = {name for name, key in policy.witnesses.items() if signed_by(key, text, lines)}
    if not policy.is_met(policy.quorum, signers):
        raise Invalid(f"the quorum `{policy.quorum}` of the policy did not cosign the checkpoint")
    return origin, size, root, len(signers)


# --- the tree: RFC 6962, section 2.1 ---


def leaf_hash(data):
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_hash(hashes):
    while len(hashes) > 1:
        pairs = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes) - 1, 2)]
        hashes = pairs + hashes[len(hashes) - len(hashes) % 2:]
    return hashes[0]


def tile_path(kind, index, width):
    name = f"{index % 1000:03d}"
    while index >= 1000:
        index //= 1000
        name = f"x{index % 1000:03d}/{name}"
    return f"tile/{kind}/{name}" + (f".p/{width}" if width < WIDTH else "")


def entries_of(bundle, path):
    entries, place = [], 0
    while place < len(bundle):
        if place + 2 > len(bundle):
            raise Invalid(f"`{path}` is cut short")
        (length,) = struct.unpack(">H", bundle[place:place + 2])
        entry = bundle[place + 2:place + 2 + length]
        if len(entry) != length:
            raise Invalid(f"`{path}` is cut short")
        entries.append(entry)
        place += 2 + length
    return entries


def verify_log(source, size):
    """Rebuilds the root from the entries and compares every tile on the way; gives the root."""
    level, hashes = 0, None
    edges = []
    while level == 0 or hashes:
        count = size if level == 0 else len(hashes)
        above = []
        for index in range((count + WIDTH - 1) // WIDTH):
            width = min(WIDTH, count - index * WIDTH)
            if level == 0:
                path = tile_path("entries", index, width)
                entries = entries_of(source.read(path, BUNDLE_BYTES_MAX), path)
                if len(entries) != width:
                    raise Invalid(f"`{path}` holds {len(entries)} entries and not {width}")
                expected = [leaf_hash(entry) for entry in entries]
            else:
                expected = hashes[index * WIDTH:index * WIDTH + width]
            path = tile_path(level, index, width)
            if source.read(path, WIDTH * 32) != b"".join(expected):
                raise Invalid(f"`{path}` does not hold the hashes of what is below it")
            if width == WIDTH:
                above.append(tree_hash(expected))
            else:
                edges.append(expected)
        if count % WIDTH == 0:
            edges.append([])
        hashes, level = above, level + 1
    # The complete subtrees at the right edge, the largest first, are hashed together from the right.
    subtrees = []
    for edge in reversed(edges):
        place = 0
        for bit in (128, 64, 32, 16, 8, 4, 2, 1):
            if len(edge) & bit:
                subtrees.append(tree_hash(edge[place:place + bit]))
                place += bit
    if not subtrees:
        return hashlib.sha256(b"").digest()
    root = subtrees.pop()
    while subtrees:
        root = node_hash(subtrees.pop(), root)
    return root


def verify(source, policy):
    """Gives origin, size and the number of cosigners of the policy; raises Invalid or Unreadable."""
    data = source.read("checkpoint", NOTE_BYTES_MAX)
    origin, size, root, cosigners = verify_checkpoint(data, policy)
    if verify_log(source, size) != root:
        raise Invalid("the entries do not give the root of the checkpoint")
    return origin, size, cosigners


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("source", help="the URL or the folder of the log")
    parser.add_argument("--policy", required=True, help="a C2SP tlog-policy file")
    arguments = parser.parse_args()
    is_web = arguments.source.startswith(("http://", "https://"))
    source = Web(arguments.source) if is_web else Folder(arguments.source)
    try:
        try:
            with open(arguments.policy, encoding="utf-8") as file:
                policy = Policy(file.read())
        except (OSError, UnicodeDecodeError) as error:
            raise Unreadable(f"`{arguments.policy}` cannot be read: {error}") from None
        origin, size, cosigners = verify(source, policy)
    except Invalid as error:
        print(f"the log is not valid: {error}")
        return 1
    except Unreadable as error:
        print(error, file=sys.stderr)
        return 2
    print(f"the log is valid: {size} entries of {origin}, cosigned by {cosigners} of the policy")
    return 0


if __name__ == "__main__":
    sys.exit(main())
