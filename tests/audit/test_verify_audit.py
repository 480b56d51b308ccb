"""An export is verified from the command line, far from any database."""

from __future__ import annotations

import pytest

from audit.records import Selection, SignedCheckpoint, line
from tests.audit.sealed_chains import CHAIN, Signer, cut_after, rows, signed
from tests.audit.verifying import keys_file, lines_file, verdict

SIGNER, THIEF = Signer(), Signer()
HONEST = signed(rows(10), SIGNER)


@pytest.fixture
def keys(tmp_path):
    return keys_file(tmp_path, SIGNER.public)


def given(folder, records, *, kept=()):
    options = {"file": lines_file(folder, "export.jsonl", records)}
    checkpoints = [each for each in kept if isinstance(each, SignedCheckpoint)]
    if checkpoints:
        options["checkpoints"] = lines_file(folder, "kept.jsonl", checkpoints)
    return options


# None of these tests may use a database: pytest-django refuses it to whoever does not ask.


def test_an_export_that_is_whole_holds(tmp_path, keys):
    said = verdict(keys=keys, **given(tmp_path, HONEST, kept=HONEST))
    assert said.status == 0
    assert "rows 1 to 10 are as they were sealed, signed up to row 8 by 2 checkpoints" in said.holds
    assert "the last 2 are not signed yet" in said.holds


def test_a_truncated_export_holds_and_says_since_when(tmp_path, keys):
    said = verdict(keys=keys, **given(tmp_path, cut_after(HONEST, 1, SIGNER)))
    assert said.status == 0
    assert "rows 5 to 10" in said.holds
    assert "those before were removed on 2030-01-01, which is signed" in said.holds


def test_an_edited_file_is_found_out_and_the_row_named(tmp_path, keys):
    options = given(tmp_path, HONEST)
    text = options["file"].read_text().replace('"target_kind":"user"', '"target_kind":"used"', 1)
    options["file"].write_text(text)
    said = verdict(keys=keys, **options)
    assert said.status == 1
    assert f"FOUND: In the chain of organization {CHAIN}: Row 1 was changed" in said.found
    assert "This is event 00000000-0000-0000-0000-000000000001." in said.found


def test_a_tail_that_was_cut_is_found_by_checkpoints_kept_elsewhere(tmp_path, keys):
    short = HONEST[:5]
    assert verdict(keys=keys, **given(tmp_path, short)).status == 0
    said = verdict(keys=keys, **given(tmp_path, short, kept=HONEST))
    assert said.status == 1
    assert "Row 5 and those after it were cut off" in said.found


def test_a_line_of_the_kept_checkpoints_that_was_torn_is_passed_over(tmp_path, keys):
    options = given(tmp_path, HONEST[:5], kept=HONEST)
    whole = options["checkpoints"].read_bytes()
    options["checkpoints"].write_bytes(whole[:50] + b"\n" + whole)
    said = verdict(keys=keys, **options)
    assert "Warning: Line 1 cannot be read" in said.found
    assert "Row 5 and those after it were cut off" in said.found


def test_another_chain_than_the_one_asked_for_is_left_alone(tmp_path, keys):
    options = given(tmp_path, [HONEST[0], *HONEST[2:]])
    assert verdict(keys=keys, chain=str(CHAIN), **options).status == 1
    said = verdict(keys=keys, chain="system", **options)
    assert (said.status, said.found) == (0, "")
    assert "The system chain: no rows" in said.holds


def test_whoever_holds_no_key_verifies_nothing(tmp_path):
    said = verdict(**given(tmp_path, HONEST))
    assert said.status == 2
    assert "does not vouch for itself" in said.found


def test_a_key_of_the_same_name_is_not_the_key(tmp_path):
    keys = keys_file(tmp_path, THIEF.public)
    said = verdict(keys=keys, **given(tmp_path, HONEST))
    assert said.status == 1
    assert "Checkpoint 1, from row 1 on: key kid-1 did not sign it." in said.found


@pytest.mark.parametrize(
    ("option", "content"),
    [
        ("keys", None),
        ("keys", b"{"),
        ("keys", b'{"keys": []}'),
        ("file", None),
        ("checkpoints", line(Selection(CHAIN))),
    ],
)
def test_what_cannot_be_read_is_no_verdict(tmp_path, keys, option, content):
    options = {"keys": keys, **given(tmp_path, HONEST, kept=HONEST)}
    broken = options[option] = tmp_path / "broken"
    if content is not None:
        broken.write_bytes(content)
    said = verdict(**options)
    assert said.status == 2
    assert said.holds == ""


def test_a_line_that_cannot_be_read_is_a_finding(tmp_path, keys):
    options = given(tmp_path, HONEST)
    options["file"].write_bytes(options["file"].read_bytes()[:-20])
    said = verdict(keys=keys, **options)
    assert said.status == 1
    assert "Line 12 cannot be read" in said.found


def test_no_organization_has_such_an_id(tmp_path, keys):
    assert verdict(keys=keys, chain="acme", **given(tmp_path, HONEST)).status == 2
