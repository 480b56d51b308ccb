"""What is done to the trail in the database, behind the application's back, is found out."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import models

from audit import chain as chains
from audit.chain import Link
from audit.models import AuditRow, ChainHead, Checkpoint, CheckpointKey, Truncation
from audit.records import keys_of
from audit.services import checkpoint_keys, proofs, sealed
from plinto.kernel.exceptions import PlintoException
from tests.audit.rows import NOON, a_row
from tests.audit.sealed import seal_all, written
from tests.audit.sealed_chains import Signer
from tests.audit.tampering import full_rights
from tests.audit.verifying import keys_file, lines_file, verdict

ORG, THIRD = UUID(int=1 << 70), 3

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def events():
    """Ten rows of one organization under three checkpoints: 1-4, 5-8 and 9-10."""
    ids = []
    for count in (4, 4, 2):
        ids += written(ORG, count=count)
        seal_all()
    return ids


@pytest.fixture
def elsewhere(events, tmp_path):
    """Keys and checkpoints as somebody kept them before anything was done."""
    keys = keys_of({"keys": checkpoint_keys.published()}).values()
    kept = list(sealed.checkpoints(ORG))
    return {
        "keys": keys_file(tmp_path, *keys),
        "checkpoints": lines_file(tmp_path, "kept.jsonl", kept),
    }


def rows(*places):
    found = models.QuerySet(AuditRow).filter(chain=ORG)
    return found.filter(sequence__in=places) if places else found


def checkpoints(number):
    return models.QuerySet(Checkpoint).filter(chain=ORG, number=number)


def move(row_id, place):
    models.QuerySet(AuditRow).filter(pk=row_id).update(sequence=place)


def seal_anew(row, *, place, before):
    """Give a row a place and the hash that belongs there; return the hash."""
    found = Link(ORG, place, before, row.said()).hash()
    models.QuerySet(AuditRow).filter(pk=row.pk).update(
        chain=ORG, sequence=place, previous_hash=before, sealed_hash=found, sealed_at=NOON
    )
    return found


def seal_all_anew(first=1):
    before = bytes(rows(first - 1).get().sealed_hash) if first > 1 else chains.NOTHING
    for row in rows().filter(sequence__gte=first).order_by("sequence"):
        before = seal_anew(row, place=row.sequence, before=before)
    ChainHead.objects.update(head_hash=before)
    return before


def sign_all_anew(signer):
    before = chains.NOTHING
    for checkpoint in Checkpoint.objects.filter(chain=ORG).order_by("number"):
        hashes = [
            bytes(row.sealed_hash)
            for row in rows(*range(checkpoint.first, checkpoint.last + 1)).order_by("sequence")
        ]
        checkpoint.head_hash, checkpoint.merkle_root = hashes[-1], chains.root(hashes)
        checkpoint.previous, checkpoint.kid = before, signer.kid
        statement = sealed.signed_checkpoint(checkpoint).statement
        checkpoint.signature = signer.checkpoint(statement).signature
        before = statement.digest()
        models.QuerySet(Checkpoint).filter(pk=checkpoint.pk).update(
            head_hash=checkpoint.head_hash,
            merkle_root=checkpoint.merkle_root,
            previous=checkpoint.previous,
            kid=checkpoint.kid,
            signature=checkpoint.signature,
        )


def edit():
    rows(THIRD).update(reason="nothing to see here")


def edit_and_hash_anew():
    edit()
    row = rows(THIRD).get()
    seal_anew(row, place=THIRD, before=bytes(row.previous_hash))


def edit_and_seal_all_anew():
    edit()
    seal_all_anew(first=THIRD)


def rewrite_everything():
    """Edit, hash, and sign with a key of one's own that takes the place of the true one."""
    edit_and_seal_all_anew()
    thief = Signer(CheckpointKey.objects.get().kid)
    sign_all_anew(thief)
    CheckpointKey.objects.update(public=thief.public.octets)


def insert():
    for row in rows(*range(THIRD, 11)).order_by("-sequence"):
        move(row.pk, row.sequence + 1)
    row = a_row(organization_id=ORG, reason="never happened")
    row.save()
    seal_anew(row, place=THIRD, before=bytes(rows(THIRD - 1).get().sealed_hash))


def append():
    row = a_row(organization_id=ORG, reason="never happened")
    row.save()
    seal_anew(row, place=11, before=bytes(rows(10).get().sealed_hash))


def swap():
    second, third = rows(2).get().pk, rows(THIRD).get().pk
    move(second, 999)
    move(third, 2)
    move(second, THIRD)


def unseal():
    names = ("chain", "sequence", "previous_hash", "sealed_hash", "sealed_at")
    rows(THIRD).update(**dict.fromkeys(names))


def cut_the_tail():
    rows(9, 10).delete()


def cut_the_tail_and_cover_it():
    cut_the_tail()
    checkpoints(3).delete()
    ChainHead.objects.update(
        sequence=8, signed_sequence=8, head_hash=bytes(rows(8).get().sealed_hash)
    )


def move_the_head_back():
    ChainHead.objects.update(sequence=9, head_hash=bytes(rows(9).get().sealed_hash))


def replace_a_checkpoint():
    checkpoints(1).update(merkle_root=bytes(32))


def forge_a_truncation():
    last = checkpoints(1).get()
    Truncation.objects.create(
        chain=ORG,
        through=4,
        through_hash=bytes(last.head_hash),
        checkpoint=1,
        checkpoint_digest=sealed.signed_checkpoint(last).statement.digest(),
        cut_at=NOON,
        kid=last.kid,
        signature=bytes(last.signature),
    )
    rows(1, 2, 3, 4).delete()


DAMAGED, GONE, YOUNG, HOLDS = "TRAIL_DAMAGED", "NOT_FOUND", "NOT_SIGNED_YET", ""

# What is done, what verify_audit says, and what becomes of a proof of row 3 that is asked for then.
TAMPERED = {
    "edit": (edit, "Row 3 was changed after it was sealed", DAMAGED),
    "edit and hash anew": (edit_and_hash_anew, "Row 3 was replaced", DAMAGED),
    "edit and seal all anew": (edit_and_seal_all_anew, "Row 1, or one of those up to 4", DAMAGED),
    "delete": (lambda: rows(THIRD).delete(), "Row 3 is missing", GONE),
    "delete all": (lambda: rows().delete(), "Row 1 is missing", GONE),
    "insert": (insert, "Row 3 was inserted", DAMAGED),
    "append": (append, "Row 11 stands beyond the head", HOLDS),
    "swap": (swap, "Row 2 is not the one that was sealed there", DAMAGED),
    "null the seal": (unseal, "Row 3 is missing", YOUNG),
    "cut the tail": (cut_the_tail, "Row 9 is missing: checkpoint 3 says", HOLDS),
    "move the head back": (move_the_head_back, "Row 10 stands beyond the head", HOLDS),
    "change the head": (
        lambda: ChainHead.objects.update(head_hash=bytes(32)), "another hash for row 10", HOLDS
    ),
    "move the head on": (
        lambda: ChainHead.objects.update(sequence=12), "Row 11 is missing: the head says", HOLDS
    ),
    "remove the head": (lambda: ChainHead.objects.all().delete(), "and no head", HOLDS),
    "replace a checkpoint": (replace_a_checkpoint, "Checkpoint 1, from row 1 on", DAMAGED),
    "remove a checkpoint": (
        lambda: checkpoints(2).delete(), "Checkpoint 2 is missing, which covered rows from 5", HOLDS
    ),
    "remove the last checkpoint": (
        lambda: checkpoints(3).delete(), "rows are signed up to 10, the checkpoints up to 8", HOLDS
    ),
    "forge a truncation": (forge_a_truncation, "The truncation through row 4 is forged", GONE),
    "take the key away": (
        lambda: CheckpointKey.objects.all().delete(), "that signed this is not known", DAMAGED
    ),
}  # fmt: skip


def new_proof(event):
    """What asking for a proof is answered with; nothing if it is given."""
    try:
        proofs.prove(ORG, event)
    except PlintoException as error:
        return error.error_code
    return ""


@pytest.mark.parametrize("how", TAMPERED)
def test_tampering_is_named_and_an_old_proof_holds(events, how):
    tamper, told, proof_then = TAMPERED[how]
    keys, proof = checkpoint_keys.published(), proofs.prove(ORG, events[THIRD - 1])
    assert verdict().status == 0

    with full_rights():
        tamper()

    said = verdict()
    assert said.status == 1
    assert f"FOUND: In the chain of organization {ORG}: " in said.found
    assert told in said.found
    proofs.check(proof, keys)
    assert new_proof(events[THIRD - 1]) == proof_then


COVERED = {
    "rewrite everything": (rewrite_everything, "key {kid} did not sign it"),
    "cut the tail and cover it": (cut_the_tail_and_cover_it, "Row 9 and those after it"),
}


@pytest.mark.parametrize("how", COVERED)
def test_what_the_database_cannot_know_is_found_by_what_was_kept_elsewhere(elsewhere, how):
    tamper, told = COVERED[how]
    kid = CheckpointKey.objects.get().kid

    with full_rights():
        tamper()

    assert verdict(chain=str(ORG)).status == 0
    said = verdict(chain=str(ORG), **elsewhere)
    assert said.status == 1
    assert told.format(kid=kid) in said.found


def test_a_chain_that_was_wiped_out_is_missed(elsewhere):
    with full_rights():
        for model in (AuditRow, Checkpoint, ChainHead):
            models.QuerySet(model).filter(chain=ORG).delete()

    assert verdict().status == 0
    said = verdict(**elsewhere)
    assert said.status == 1
    assert "Row 1 and those after it were cut off" in said.found


def test_an_export_of_a_tampered_trail_is_as_damaged(elsewhere, tmp_path):
    honest = lines_file(tmp_path, "honest.jsonl", sealed.records(ORG))
    with full_rights():
        edit_and_seal_all_anew()
    forged = lines_file(tmp_path, "forged.jsonl", sealed.records(ORG))

    assert verdict(file=honest, **elsewhere).status == 0
    said = verdict(file=forged, **elsewhere)
    assert said.status == 1
    assert "Row 1, or one of those up to 4" in said.found


def test_rows_that_nobody_seals_are_a_warning():
    written(ORG, count=2, occurred_at=NOON.replace(year=2020))
    said = verdict()
    assert said.status == 0
    assert "Warning: 2 rows wait to be sealed, the oldest for" in said.found
