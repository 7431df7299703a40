"""Makes blocks of the network of the pinned vectors, right ones and wrong ones, so that each rule can be broken alone.

The keys of that network come from their names: the seed is the SHA-256 of the name.
"""

import hashlib
import hmac
import pathlib
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from consentry_verifier.canonical_json import canonical
from consentry_verifier.chain import Chain
from consentry_verifier.genesis import Genesis
from consentry_verifier.members import json_of
from consentry_verifier.merkle import Tree, leaf_hash, root_of
from consentry_verifier.notes import COSIGNATURE, LOG, checkpoint_text, note_key_hash
from consentry_verifier.tokens import to_base64

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "LedgerProtocolTests" / "Vectors"
GENESIS_BYTES = (VECTORS / "genesis.json").read_bytes()
GENESIS = Genesis(GENESIS_BYTES)
ORGANIZATIONS = ("North Hospital", "South Clinic")
ORGANIZATION_IDS = {value["name"]: value["id"] for value in GENESIS.initial.organizations}


def signer(name):
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"test {name}".encode()).digest())


def public_key(name):
    return signer(name).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_id(name):
    return hashlib.sha256(public_key(name)).digest()


def entry(service, number, kind=1, payload=b"{}", opening=bytes(32), submitter=None):
    name = hashlib.sha256(f"{service} {number}".encode()).digest()[:16]
    head = b"CSE1" + struct.pack(">H", kind) + (submitter or key_id(f"signing {service}")) + name + struct.pack(">q", 5)
    return head + hmac.new(opening, GENESIS.network_id + head + payload, hashlib.sha256).digest()


def submission(service, sequence, entries, payloads=(), network_id=GENESIS.network_id, signed_by=None,
               key_name=None):
    key_name = key_name or f"signing {service}"
    key = key_id(key_name)
    root = root_of([leaf_hash(value) for value in entries])
    place = struct.pack(">QH", sequence, len(entries))
    signed = b"consentry/submission/v1\n" + network_id + key + place + root
    signature = signer(signed_by or key_name).sign(signed)
    lengths = b"".join(struct.pack(">I", len(payload)) + payload for payload in payloads)
    return b"CSS1" + network_id + key + place + b"".join(entries) + lengths + signature


def governance_document(state, changes, signers=ORGANIZATIONS, **other):
    """A document of the state's network, signed by organisations; `other` replaces members."""
    document = {"changes": changes, "expires": 100, "format": "consentry-governance-v1",
                "network": state.network_id.hex(), "replaces": state.hash.hex(), **other}
    unsigned = canonical(json_of(document)).encode()
    approvals = [{"organization": ORGANIZATION_IDS[name],
                  "signature": signer(name).sign(b"consentry/governance/v1\n" + unsigned)} for name in signers]
    approvals.sort(key=lambda approval: approval["organization"])
    return canonical(json_of({**document, "signatures": approvals})).encode()


def governance_submission(document, organization=ORGANIZATIONS[0], sequence=0, kind=0x8001):
    """What an organisation sends to the ledger: one entry, its payload the document."""
    submitter = key_id(organization)
    value = entry(organization, sequence, kind=kind, payload=document, submitter=submitter)
    return submission(organization, sequence, [value], [document], key_name=organization)


def validator(index, **other):
    """The member that joins with an index; its keys come from the index as those of the others do."""
    keys = {f"{kind}Key": public_key(f"{kind} {index + 1}") for kind in ("consensus", "cosignature", "log")}
    return {**keys, "name": f"validator-{index + 1}.test.consentry.example", "url": f"http://127.0.0.1:{7101 + index}",
            "organization": ORGANIZATION_IDS["South Clinic"], **other}


class Forge:
    """A chain that grows by blocks; what is wrong with a block is said by keywords."""

    def __init__(self):
        self.chain = Chain(GENESIS, Tree())
        self.blocks = []

    def append(self, submissions=(), **wrong):
        data = self.block(submissions, **wrong)
        self.chain.append(data)
        self.blocks.append(data)

    def block(self, submissions=(), height=None, previous=None, time=None, validator_set=None, next_set=None,
              text=None, leaves=None, is_sorted=True, **certificate):
        chain, network = self.chain, self.chain.network
        values = sorted(submissions, key=lambda value: value[36:76]) if is_sorted else list(submissions)
        height = chain.height + 1 if height is None else height
        block_entry = (b"CSB1" + struct.pack(">Q", height) + (previous or chain.hash)
                       + struct.pack(">q", chain.time + 10 if time is None else time)
                       + (validator_set or network.validator_set_hash) + (next_set or network.validator_set_hash))
        text = (text or self.text(values, block_entry)).encode()
        proof = self.certificate(height, hashlib.sha256(text).digest(), **certificate)
        parts = [struct.pack(">I", len(value)) + value for value in values]
        return (b"CSF1" + struct.pack(">Q", height) + block_entry + struct.pack(">H", len(text)) + text
                + struct.pack(">I", len(proof)) + proof + struct.pack(">H", len(values)) + b"".join(parts))

    def text(self, submissions, block_entry):
        """The checkpoint that the entries give."""
        tree = Tree()
        for value in self.chain.tree.levels[0]:
            tree.append(value)
        for value in submissions:
            count, = struct.unpack(">H", value[76:78])
            for place in range(count):
                tree.append(leaf_hash(value[78 + 94 * place:78 + 94 * place + 94]))
        tree.append(leaf_hash(block_entry))
        return checkpoint_text(GENESIS.origin, tree.size, tree.root())

    def certificate(self, height, block_hash, members=(0, 1, 2), round_number=0, step=2, certified=None,
                    network_id=GENESIS.network_id, signed_height=None, key="consensus"):
        certified = certified or block_hash
        parts = []
        for index in members:
            body = (b"CSW1" + network_id + struct.pack(">BQI", step, signed_height or height, round_number) + certified
                    + struct.pack(">H", index))
            signature = signer(f"{key} {index + 1}").sign(b"consentry/vote/v1\n" + body)
            parts.append(struct.pack(">H", index) + signature)
        return (b"CSC1" + network_id + struct.pack(">QI", height, round_number) + certified
                + struct.pack(">H", len(parts)) + b"".join(parts))

    def note(self, cosigners=(0, 1, 2), publisher=0):
        """The newest checkpoint, signed by the log and the cosigners."""
        body, lines = self.chain.checkpoint, []
        if publisher is not None:
            key = f"log {publisher + 1}"
            lines.append((GENESIS.origin, LOG, public_key(key), signer(key).sign(body.encode())))
        for index in cosigners:
            key, time = f"cosignature {index + 1}", 1_795_374_001 + index
            signature = signer(key).sign(f"cosignature/v1\ntime {time}\n{body}".encode())
            name = f"validator-{index + 1}.test.consentry.example"
            lines.append((name, COSIGNATURE, public_key(key), struct.pack(">Q", time) + signature))
        return body + "\n" + "".join(
            f"\u2014 {name} {to_base64(note_key_hash(name, kind, key) + signature)}\n"
            for name, kind, key, signature in lines)

    def files(self, note=None):
        """What a source of this ledger reads."""
        files = {f"blocks/{place + 1}": data for place, data in enumerate(self.blocks)}
        return {**files, "checkpoint": (note or self.note()).encode()}


class Files:
    """A source in memory."""

    def __init__(self, files):
        self.files = files

    def read(self, name):
        return self.files.get(name)
