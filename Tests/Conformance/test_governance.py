#!/usr/bin/python3
"""Holds the check of changes to a network against forged ledgers whose validators, services and limits change."""

import base64
import json
import unittest
from datetime import datetime, timezone

from consentry_verifier.canonical_json import canonical
from consentry_verifier.changes import Change
from consentry_verifier.disclosure import Disclosure
from consentry_verifier.governance import Document, apply
from consentry_verifier.ledgers import Ledger
from consentry_verifier.members import json_of
from consentry_verifier.merkle import leaf_hash
from consentry_verifier.receipts import Receipt, check_author, verify
from consentry_verifier.refusal import Invalid
from consentry_verifier.sources import Folder
from consentry_verifier.states import History
from ledger_forge import (GENESIS, GENESIS_BYTES, ORGANIZATION_IDS, ORGANIZATIONS, VECTORS, Files, Forge, entry,
                          governance_document, governance_submission, public_key, submission, validator)

STATE = GENESIS.initial


def time_text_of(milliseconds):
    """A time as documents write it."""
    moment = datetime.fromtimestamp(milliseconds // 1_000, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1_000:03}Z"


JOIN = {"change": "addValidator", "validator": validator(4)}


class ChangedLedgerTests(unittest.TestCase):
    """Ledgers with right changes."""

    def setUp(self):
        self.forge = Forge()
        self.forge.append()

    def change(self, changes, members=(0, 1, 2), sequence=0, **other):
        state = self.forge.chain.network
        document = governance_document(state, changes, **other)
        following = apply(Document(document, "document"), state, self.forge.chain.height + 1)
        self.forge.append([governance_submission(document, sequence=sequence)], members=members,
                          next_set=following.validator_set_hash)

    def test_a_validator_joins_and_the_quorum_grows(self):
        self.change([JOIN])
        self.assertEqual(self.forge.chain.network.quorum, 4)
        with self.assertRaisesRegex(Invalid, "3 validators precommitted it and 4 must"):
            self.forge.append(members=(0, 1, 2))
        forge = self.forge
        forge.append(members=(0, 1, 2, 4))
        note = forge.note(cosigners=(0, 1, 3, 4))
        ledger = Ledger(GENESIS_BYTES, Files(forge.files(note)), keep_leaves=True)
        self.assertEqual([name[:11] for name, _ in ledger.cosigners],
                         ["validator-1", "validator-2", "validator-4", "validator-5"])
        with self.assertRaises(Invalid):
            Ledger(GENESIS_BYTES, Files(forge.files(forge.note(cosigners=(0, 1, 3)))))

    def test_checkpoints_are_judged_by_those_in_force_at_their_size(self):
        self.change([JOIN])
        forge = self.forge
        # The block with the change is cosigned by the old set, the next one by the new.
        old = Ledger(GENESIS_BYTES, Files(forge.files(forge.note(cosigners=(0, 1, 2)))), keep_leaves=True)
        receipts = [old.prove(index).encode() for index in range(old.note.size)]
        with self.assertRaises(Invalid):
            Ledger(GENESIS_BYTES, Files(forge.files(forge.note(cosigners=(0, 1, 2, 4)))))
        forge.append(members=(0, 1, 2, 4))
        new = Ledger(GENESIS_BYTES, Files(forge.files(forge.note(cosigners=(1, 2, 3, 4)))), keep_leaves=True)
        for receipt in receipts:
            new.check_receipt(receipt)

    def test_a_removed_validator_counts_no_more_and_its_index_stays_free(self):
        self.change([{"change": "removeValidator", "index": 0}], members=(0, 1, 2))
        self.assertEqual([index for index, _ in self.forge.chain.network.members], [1, 2, 3])
        with self.assertRaisesRegex(Invalid, "unknown validator 0"):
            self.forge.append(members=(0, 1, 2))

    def test_a_replaced_validator_gets_the_next_index(self):
        owner = STATE.members[1][1]["organization"]
        member = validator(4, organization=owner)
        self.change([{"change": "replaceValidator", "index": 1, "validator": member}])
        self.assertEqual([index for index, _ in self.forge.chain.network.members], [0, 2, 3, 4])
        self.forge.append(members=(0, 3, 4))

    def test_two_changes_follow_on_each_other(self):
        self.change([JOIN])
        self.change([{"change": "removeValidator", "index": 2}], members=(0, 1, 2, 3), sequence=1)
        self.forge.append(members=(0, 1, 4))
        self.assertEqual(len(self.forge.chain.history.periods), 3)

    def test_an_organisation_gives_its_own_service_a_new_key_alone(self):
        service = {**STATE.services[0], "signingKey": public_key("signing anew")}
        owner = next(name for name, value in ORGANIZATION_IDS.items() if value == service["organization"])
        name = service["name"]
        self.change([{"change": "replaceService", "service": service}], signers=(owner,))
        with self.assertRaisesRegex(Invalid, "key of nobody in force"):
            self.forge.append([submission(name, 0, [entry(name, 0)])])

    def test_a_stolen_key_is_declared_by_a_quorum(self):
        service = {**STATE.services[0], "signingKey": public_key("signing anew")}
        name, old = service["name"], STATE.services[0]["signingKey"]
        owner = next(owner for owner, value in ORGANIZATION_IDS.items() if value == service["organization"])
        replaced = {"change": "replaceService", "service": service}
        # The block of the change is made 10 ms after the first one.
        stolen = {"change": "declareCompromise", "key": old, "since": time_text_of(self.forge.chain.time + 10)}
        with self.assertRaisesRegex(Invalid, "1 organisations signed"):
            self.change([replaced, stolen], signers=(owner,))
        with self.assertRaisesRegex(Invalid, "still in force"):
            self.change([stolen])
        self.change([replaced, stolen])
        self.forge.append()
        self.assertEqual(self.forge.chain.doubts,
                         [f"a key of `{name}` is compromised since {stolen['since']}: "
                          "doubt what it signed in blocks 2 to 2"])
        with self.assertRaisesRegex(Invalid, "an earlier time already"):
            self.change([stolen], sequence=1)
        self.change([{**stolen, "since": time_text_of(0)}], sequence=1)
        self.assertIn("blocks 1 to 2", self.forge.chain.doubts[0])

    def test_an_organisation_gets_another_key(self):
        name = ORGANIZATIONS[1]
        organization = {**next(value for value in STATE.organizations if value["name"] == name),
                        "key": public_key("South anew")}
        self.change([{"change": "replaceOrganization", "organization": organization}])
        with self.assertRaisesRegex(Invalid, "does not verify"):
            self.change([JOIN], sequence=1)

    def test_limits(self):
        limits = {**STATE.limits, "blockEntriesMax": 1_025}
        self.change([{"change": "setLimits", "limits": limits}])
        many = [submission("consent", place, [entry("consent", place * 1_024 + number) for number in range(1_024)])
                for place in range(2)]
        with self.assertRaisesRegex(Invalid, "more bytes or entries"):
            self.forge.append(many)

    def test_issuers_witnesses_and_organisations(self):
        key = public_key("an issuer")
        self.change([{"change": "setIssuers", "issuers": [{"id": "did:example:board", "key": key}]},
                     {"change": "setWitnesses", "witnesses": []},
                     {"change": "addOrganization", "organization": {
                         "id": "00000000-0000-4000-8000-000000000001", "key": public_key("East"), "name": "East"}}])
        self.assertEqual(self.forge.chain.network.organization_quorum, 3)
        self.assertEqual(self.forge.chain.network.validator_set_hash, STATE.validator_set_hash)


class PinnedLedgerTests(unittest.TestCase):
    """The ledger that the suite wrote, in whose third block a validator joins."""

    @classmethod
    def setUpClass(cls):
        cls.ledger = Ledger(GENESIS_BYTES, Folder(VECTORS / "changed-ledger"), keep_leaves=True)
        cls.changes = (VECTORS / "changed-ledger" / "changes.json").read_bytes()
        cls.event = (VECTORS / "event.json").read_bytes()

    def test_it_is_valid(self):
        chain = self.ledger.chain
        self.assertEqual((chain.height, len(chain.network.members), len(self.ledger.cosigners)), (4, 5, 4))

    def test_a_receipt_needs_the_changes(self):
        receipt = self.ledger.prove(3).encode()
        self.assertEqual(len(verify(receipt, self.event, GENESIS_BYTES, self.changes)["cosigners"]), 4)
        with self.assertRaises(Invalid):
            verify(receipt, self.event, GENESIS_BYTES)

    def test_what_a_stolen_key_signed_is_doubted_unless_more_than_may_be_faulty_cosigned_before(self):
        receipt, disclosure = Receipt((VECTORS / "receipt.txt").read_bytes()), Disclosure(self.event)
        old = next(value for value in STATE.services if value["name"] == "consent")
        changes = [{"change": "replaceService", "service": {**old, "signingKey": public_key("consent anew")}}]
        # The validators cosigned 1, 2 and 3 s after genesis.
        for seconds, is_doubted in ((1_795_374_003, False), (1_795_374_002, True)):
            stolen = {"change": "declareCompromise", "key": old["signingKey"], "since": time_text_of(seconds * 1_000)}
            following = apply(Document(governance_document(STATE, [*changes, stolen]), "document"), STATE, 9)
            history = History(STATE)
            history.append(following, 10, 100)
            cosigners = receipt.verify(history, leaf_hash(disclosure.entry.bytes))
            if is_doubted:
                with self.assertRaisesRegex(Invalid, "compromised before the validators cosigned"):
                    check_author(disclosure.entry, cosigners, history, receipt.note.size)
            else:
                check_author(disclosure.entry, cosigners, history, receipt.note.size)

    def test_flipped_bits_of_a_change_are_refused(self):
        change = base64.b64decode(json.loads(self.changes)["changes"][0])
        Change(change).verify(History(STATE))
        accepted = []
        for bit in range(0, len(change) * 8, 61):
            changed = bytearray(change)
            changed[bit // 8] ^= 1 << bit % 8
            try:
                Change(bytes(changed)).verify(History(STATE))
                accepted.append(bit)
            except Invalid:
                pass
        self.assertEqual(accepted, [])


class RefusedChangeTests(unittest.TestCase):
    """Documents that break one rule."""

    def refused(self, sentence, changes=(JOIN,), height=2, **other):
        with self.assertRaisesRegex(Invalid, sentence):
            apply(Document(governance_document(STATE, list(changes), **other), "document"), STATE, height)

    def test_rules_of_documents(self):
        self.refused("1 organisations signed", signers=("North Hospital",))
        self.refused("0 organisations signed", signers=())
        self.refused("good until height 1", expires=1)
        self.refused("another network", network="00" * 32)
        self.refused("another state", replaces="00" * 32)
        self.refused("is not `consentry-governance-v1`", format="consentry-governance-v2")
        self.refused("1 to 64 changes", changes=())
        self.refused("1 to 64 changes", changes=[{"change": "removeValidator", "index": 0}] * 65)
        self.refused("no known name", changes=[{"change": "removeEverything"}])
        self.refused("other members", changes=[{"change": "removeValidator", "index": 0, "why": "so"}])

    def test_rules_of_the_network_that_follows(self):
        self.refused("validator that is not in force", changes=[{"change": "removeValidator", "index": 4}])
        self.refused("must be 1 to 100 validators",
                     changes=[{"change": "removeValidator", "index": index} for index in range(4)])
        self.refused("validator URL is used twice",
                     changes=[{"change": "addValidator", "validator": validator(4, url="http://127.0.0.1:7101")}])
        self.refused("signing key is used twice", changes=[
            {"change": "addValidator", "validator": validator(4, consensusKey=public_key("log 1"))}])
        self.refused("signing key is used twice", changes=[
            {"change": "removeValidator", "index": 3},
            {"change": "addValidator", "validator": validator(4, consensusKey=public_key("log 4"))}])
        self.refused("an organisation is named that is not there", changes=[
            {"change": "removeOrganization", "organization": ORGANIZATION_IDS["South Clinic"]}])
        self.refused("goes to another organisation", changes=[
            {"change": "replaceValidator", "index": 0, "validator": validator(4)}])
        self.refused("changes nothing", changes=[{"change": "setLimits", "limits": STATE.limits}])

    def test_a_service_is_its_own_organisations(self):
        service = {**STATE.services[0], "signingKey": public_key("signing anew")}
        stranger = next(name for name, value in ORGANIZATION_IDS.items() if value != service["organization"])
        self.refused("1 organisations signed", changes=[{"change": "replaceService", "service": service}],
                     signers=(stranger,))

    def test_every_flipped_bit_of_a_document_is_refused(self):
        document, accepted = governance_document(STATE, [JOIN]), []
        for bit in range(0, len(document) * 8, 7):
            changed = bytearray(document)
            changed[bit // 8] ^= 1 << bit % 8
            try:
                apply(Document(bytes(changed), "document"), STATE, 2)
                accepted.append(bit)
            except Invalid:
                pass
        self.assertEqual(accepted, [])

    def test_a_signature_by_another_organisation_is_refused(self):
        document = json.loads(governance_document(STATE, [JOIN]))
        first, second = document["signatures"]
        first["signature"], second["signature"] = second["signature"], first["signature"]
        with self.assertRaisesRegex(Invalid, "does not verify"):
            apply(Document(canonical(json_of(document)).encode(), "document"), STATE, 2)

    def test_the_block_must_name_the_next_set(self):
        forge = Forge()
        submitted = governance_submission(governance_document(STATE, [JOIN]))
        with self.assertRaisesRegex(Invalid, "other validators for the next block"):
            forge.append([submitted])

    def test_an_organisation_submits_governance_only(self):
        forge = Forge()
        document = governance_document(STATE, [JOIN])
        with self.assertRaisesRegex(Invalid, "something else than one governance entry"):
            forge.append([governance_submission(document, kind=0x8002)])

    def test_a_block_changes_the_network_once(self):
        forge = Forge()
        documents = [governance_document(STATE, [JOIN], expires=expires) for expires in (100, 101)]
        following = apply(Document(documents[0], "document"), STATE, 1)
        with self.assertRaisesRegex(Invalid, "changes the network twice"):
            forge.append([governance_submission(document, sequence=place) for place, document in enumerate(documents)],
                         next_set=following.validator_set_hash)

    def test_the_state_has_one_canonical_form(self):
        self.assertEqual(canonical(json_of({"b": 1, "a": b"\0"})), '{"a":"AA==","b":1}')


if __name__ == "__main__":
    unittest.main()
