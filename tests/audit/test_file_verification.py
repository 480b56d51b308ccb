"""An export is verified with public keys alone, and the first thing that is wrong is named."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from audit import chain as chains
from audit.file_verification import kept_elsewhere, verify_lines
from audit.findings import Broken, Fault
from audit.records import SealedRow, Selection, SignedCheckpoint, line
from audit.verification import Keys
from tests.audit.rows import NOON
from tests.audit.sealed_chains import CHAIN, Signer, cut_after, rows, signed

SIGNER, THIEF = Signer(), Signer()  # the thief calls their key by the same name
STRANGER = Signer("kid-2")
KEYS = Keys([SIGNER.public])
HONEST = signed(rows(10), SIGNER)  # C1 1-4 C2 5-8, then 9 and 10 unsigned
CUT = cut_after(HONEST, 1, SIGNER)
LATER = signed(rows(10), SIGNER, begin=NOON + timedelta(days=1))  # the same rows, signed again


def verified(records, *, kept=()):
    witnesses = kept_elsewhere(map(line, kept), KEYS)
    return verify_lines(map(line, records), KEYS, witnesses)


def checkpoints(records):
    return [each for each in records if isinstance(each, SignedCheckpoint)]


def without(*places, records=HONEST):
    return [
        each
        for each in records
        if not (isinstance(each, SealedRow) and each.link.sequence in places)
    ]


def with_row(place, change, records=HONEST):
    return [
        change(each) if isinstance(each, SealedRow) and each.link.sequence == place else each
        for each in records
    ]


def edited(row, **said):
    return replace(row, link=replace(row.link, said={**row.link.said, **said}))


def hashed_anew(row):
    row = edited(row, reason="changed")
    return replace(row, sealed_hash=row.link.hash())


def standing_at(place):
    return lambda row: replace(row, link=replace(row.link, sequence=place))


def in_another_order(one, other):
    swapped = {one: other, other: one}
    moved = [
        standing_at(swapped.get(each.link.sequence, each.link.sequence))(each)
        if isinstance(each, SealedRow)
        else each
        for each in HONEST
    ]
    at = {each.link.sequence: each for each in moved if isinstance(each, SealedRow)}
    return [at[each.link.sequence] if isinstance(each, SealedRow) else each for each in HONEST]


def inserted_at(place):
    """A row of the attacker's, linked as it must be; those behind it move on by one."""
    kept = [each for each in HONEST if isinstance(each, SealedRow)]
    link = replace(kept[place - 2].link, sequence=place, previous_hash=kept[place - 2].sealed_hash)
    moved = [standing_at(each.link.sequence + 1)(each) for each in kept[place - 1 :]]
    return [*HONEST[:place], SealedRow(link, link.hash()), *moved]


def resealed(signer):
    return signed(rows(10, changed=[6]), signer)


def only_rows_of(resealed):
    kept = iter(each for each in resealed if isinstance(each, SealedRow))
    return [next(kept) if isinstance(each, SealedRow) else each for each in HONEST]


TAMPERED = {
    "a row was edited": (with_row(3, lambda row: edited(row, actor_id="x")), "ROW_CHANGED", 3),
    "an unsigned row was edited": (
        with_row(9, lambda row: edited(row, actor_id="x")), "ROW_CHANGED", 9
    ),
    "a row says what nothing says": (
        with_row(3, lambda row: edited(row, changes={"n": 1 << 60})), "ROW_CHANGED", 3
    ),
    "a row was edited and hashed anew": (with_row(3, hashed_anew), "ROW_REPLACED", 3),
    "a row was removed": (without(3), "ROW_MISSING", 3),
    "the first row was removed": (without(1), "ROW_MISSING", 1),
    "the row at the end of a batch was removed": (without(4), "TAIL_MISSING", 4),
    "a whole batch was removed": (without(5, 6, 7, 8), "ROW_MISSING", 5),
    "two rows were swapped": (in_another_order(2, 3), "ROW_MOVED", 2),
    "a row was removed and the rest moved up": (
        [standing_at(e.link.sequence - 1)(e) if isinstance(e, SealedRow) and e.link.sequence > 3
         else e for e in without(3)], "ROW_MOVED", 3
    ),
    "a row was inserted": (inserted_at(3), "ROW_INSERTED", 3),
    "lines changed places": ([HONEST[0], HONEST[2], HONEST[1], *HONEST[3:]], "ROW_MISSING", 1),
    "a line came twice": ([*HONEST, HONEST[-1]], "ROW_OUT_OF_ORDER", 10),
    "the signed tail was cut": (without(7, 8, 9, 10), "TAIL_MISSING", 7),
    "all was sealed anew": (only_rows_of(resealed(SIGNER)), "ROWS_RESEALED", 5),
    "all was sealed and signed anew": (resealed(THIEF), "CHECKPOINT_FORGED", 1),
    "all was signed by a key of another name": (resealed(STRANGER), "KEY_UNKNOWN", 1),
    "the first checkpoint was removed": (HONEST[1:], "CHECKPOINT_MISSING", 1),
    "a checkpoint was replaced": (
        [*HONEST[:5], checkpoints(resealed(SIGNER))[1], *HONEST[6:]], "ROWS_RESEALED", 5
    ),
    "a checkpoint came from another history": (
        [checkpoints(signed(rows(4, changed=[1]), SIGNER))[0], *HONEST[1:]], "ROWS_RESEALED", 1
    ),
    "a checkpoint follows another than the one before it": (
        [*HONEST[:5], checkpoints(LATER)[1], *HONEST[6:]], "CHECKPOINT_REPLACED", 5
    ),
    "a checkpoint was signed where a row was missing already": (
        signed([*rows(4), *rows(9)[5:]], SIGNER), "ROW_MISSING", 5
    ),
    "what begins after a truncation is of another history": (
        [CUT[0], *rows(10, changed=[1])[4:]], "BEGINNING_MISSING", 5
    ),
    "a checkpoint stands after its rows": (
        [*HONEST[1:5], HONEST[0], *HONEST[5:]], "CHECKPOINT_OUT_OF_ORDER", 1
    ),
    "a truncation was forged": (cut_after(HONEST, 1, THIEF), "CUT_FORGED", 4),
    "more was removed than the truncation says": (without(5, records=CUT), "ROW_MISSING", 5),
    "a checkpoint is not the one that was cut": (
        [CUT[0], checkpoints(signed(rows(4, changed=[1]), SIGNER))[0], *CUT[2:]],
        "CHECKPOINT_NOT_AS_CUT", 1,
    ),
    "a truncation came late": ([*HONEST, CUT[0]], "CUT_OUT_OF_ORDER", 4),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
def test_the_first_thing_that_is_wrong_is_named(how):
    records, fault, place = TAMPERED[how]
    (outcome,) = verified(records)
    assert (outcome.finding.fault.name, outcome.finding.sequence) == (fault, place)
    assert f"{place}" in str(outcome.finding)


@pytest.mark.parametrize("records", [HONEST, CUT, [CUT[0], *CUT[2:]], cut_after(HONEST, 2, SIGNER)])
def test_an_honest_chain_holds_whole_and_truncated(records):
    (outcome,) = verified(records, kept=checkpoints(HONEST))
    assert outcome.finding is None
    assert (outcome.walk.last, outcome.walk.signed) == (10, 8)


KEPT = {
    "the tail was cut and the rest is whole": (HONEST[:5], "TAIL_RESEALED", 5),
    "all was signed anew with the true key": (resealed(SIGNER), "CHECKPOINT_NOT_AS_KEPT", 5),
    "nothing is left": ([], None, None),
}


@pytest.mark.parametrize("how", KEPT)
def test_a_checkpoint_kept_elsewhere_tells_of_what_was_signed_anew(how):
    records, fault, place = KEPT[how]
    outcomes = verified(records, kept=reversed(checkpoints(HONEST)))
    found = [(each.finding.fault.name, each.finding.sequence) for each in outcomes]
    assert found == ([(fault, place)] if fault else [])


def test_a_chain_that_is_asked_for_by_name_is_missed():
    witnesses = kept_elsewhere(map(line, checkpoints(HONEST)), KEYS)
    (outcome,) = verify_lines([], KEYS, witnesses, only=CHAIN)
    assert (outcome.finding.fault, outcome.finding.sequence) == (Fault.TAIL_RESEALED, 1)


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ([checkpoints(resealed(THIEF))[0]], Fault.CHECKPOINT_FORGED),
        ([checkpoints(resealed(STRANGER))[0]], Fault.KEY_UNKNOWN),
        ([checkpoints(HONEST)[1], checkpoints(resealed(SIGNER))[1]], Fault.CHECKPOINT_TWICE),
    ],
)
def test_kept_checkpoints_are_judged_themselves(lines, fault):
    with pytest.raises(Broken) as broken:
        kept_elsewhere(map(line, lines), KEYS)
    assert broken.value.finding.fault is fault


def selection(*places, change=lambda row: row):
    """Some rows of the honest chain with their paths, as a filtered export has them."""
    chosen = [Selection(CHAIN, {"action": "x"})]
    batches = {1: HONEST[1:5], 5: HONEST[6:10]}
    for each in HONEST:
        if isinstance(each, SignedCheckpoint):
            chosen.append(each)
        elif each.link.sequence in places:
            first = 1 if each.link.sequence < 5 else 5
            hashes = [row.sealed_hash for row in batches[first]]
            is_signed = each.link.sequence <= 8
            way = tuple(chains.path(hashes, each.link.sequence - first)) if is_signed else None
            chosen.append(change(replace(each, way=way)))
    return chosen


def test_rows_of_a_selection_prove_themselves_one_by_one():
    (outcome,) = verified(selection(2, 7, 10))
    assert outcome.finding is None
    assert (outcome.walk.rows, outcome.walk.unproved) == (3, 1)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (hashed_anew, Fault.ROW_UNPROVED),
        (lambda row: edited(row, actor_id="x"), Fault.ROW_CHANGED),
        (lambda row: replace(row, way=None), Fault.ROW_UNPROVED),
        (lambda row: replace(row, way=row.way[:-1]), Fault.ROW_UNPROVED),
    ],
)
def test_a_row_of_a_selection_that_was_not_signed_is_named(change, fault):
    (outcome,) = verified(selection(3, change=change))
    assert outcome.finding.fault is fault


def test_a_selection_is_announced_first_and_has_its_checkpoints_in_order():
    (late,) = verified([*HONEST, Selection(CHAIN)])
    (mixed,) = verified([Selection(CHAIN), *reversed(checkpoints(HONEST))])
    assert late.finding.fault is Fault.SELECTION_OUT_OF_ORDER
    assert (mixed.finding.fault, mixed.finding.sequence) == (Fault.CHECKPOINT_REPLACED, 1)


def test_a_line_that_cannot_be_read_is_named_by_its_number():
    with pytest.raises(Broken, match="Line 2 cannot be read"):
        verify_lines([line(HONEST[0]), b"{\n"], KEYS, {})


def test_keys_in_the_file_are_not_trusted():
    (outcome,) = verified([STRANGER.public, *resealed(STRANGER)])
    assert outcome.finding.fault is Fault.KEY_UNKNOWN


def test_a_growing_tree_has_the_root_of_the_whole():
    tree, hashes = chains.Tree(), []
    assert tree.root() == chains.root([])
    for _ in range(40):
        hashes.append(random.randbytes(32))
        tree.add(hashes[-1])
        assert tree.root() == chains.root(hashes)
