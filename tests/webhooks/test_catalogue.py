"""Of what receivers are told, and what a message says."""

from __future__ import annotations

import uuid

import pytest

from audit.events import Event
from audit.services.personal import Opened
from tests.audit.rows import a_row
from webhooks import catalogue

ORGANIZATION = uuid.UUID(int=7)


def test_every_event_is_told_or_has_a_reason_why_it_is_not() -> None:
    told, untold = set(catalogue.TOLD), set(catalogue.UNTOLD)

    assert not told & untold
    assert told | untold == set(Event), "a new event is a line in TOLD or, with why, in UNTOLD"
    assert all(reason.endswith(".") for reason in catalogue.UNTOLD.values())


def test_a_type_is_a_subject_and_a_past_participle_and_none_is_reserved() -> None:
    assert all(len(each.split(".")) == 2 for each in catalogue.TYPES)
    assert not {catalogue.TEST, catalogue.EVERYTHING} & set(catalogue.TYPES)


@pytest.mark.parametrize("text", ["user.created", "user.*", "session.ended", "*"])
def test_a_type_a_subject_and_everything_may_be_asked_for(text: str) -> None:
    assert catalogue.is_pattern(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "user",
            "user.",
            ".*",
            "*.*",
            "user.creat*",
            "us*.created",
            "user.created ",
            "USER.*",
        ),
        *(
            "nobody.*",
            "webhook.test",
            "webhook.*",
            "circuit.*",
            "audit.recorded",
            "user.registered",
        ),
    ],
)
def test_nothing_else_may_be_asked_for(text: str) -> None:
    assert not catalogue.is_pattern(text)


def test_only_an_endpoint_of_all_may_ask_for_every_row() -> None:
    assert catalogue.is_pattern("audit.recorded", is_of_all=True)
    assert not catalogue.is_pattern("webhook.test", is_of_all=True)


def test_patterns_match_whole_subjects_only() -> None:
    assert catalogue.matches(["user.*"], "user.created")
    assert catalogue.matches(["session.ended", "user.created"], "user.created")
    assert catalogue.matches(["*"], "user.created")
    assert not catalogue.matches(["user.*"], "users.created")
    assert not catalogue.matches(["recovery_code.*"], "recovery_codes.renewed")
    assert not catalogue.matches([], "user.created")


def test_an_act_is_told_when_it_was_done_and_a_refusal_only_where_it_is_one_by_nature() -> None:
    def told(action: str, outcome: str) -> str | None:
        row = a_row(action=action, outcome=outcome, reason="not yours")
        return catalogue.type_for(row, ["*"], is_of_all=False)

    assert told("user.imported", "success") == "user.created"
    assert told("member.updated", "success") == "member.updated"
    assert told("member.updated", "refused") is None
    assert told("lockout.reached", "refused") == "lockout.reached"
    assert told("session.refused", "refused") is None
    assert told("written.later", "success") is None


def test_whoever_asks_for_every_row_is_told_each_once() -> None:
    row = a_row(action="user.created")

    assert catalogue.type_for(row, ["*"], is_of_all=True) == "audit.recorded"
    assert catalogue.type_for(row, ["user.*"], is_of_all=True) == "user.created"
    assert catalogue.type_for(row, ["*"], is_of_all=False) == "user.created"
    assert catalogue.type_for(row, ["session.*"], is_of_all=False) is None


def test_a_message_names_people_by_ids_and_every_row_by_all_that_it_tells() -> None:
    row = a_row(action="user.updated", target_id="8", organization_id=ORGANIZATION)
    opened = Opened(
        target_label="ann@example.org", address="198.51.100.7", changes={"name": ["Ann", "Anna"]}
    )

    public = catalogue.said("user.updated", row, opened)
    whole = catalogue.said("audit.recorded", row, opened)

    assert public == {
        "id": str(row.id),
        "organization_id": str(ORGANIZATION),
        "actor": {"kind": "anonymous", "id": ""},
        "target": {"kind": "user", "id": "8"},
        "session_id": None,
        "outcome": "success",
        "changes": {"name": {"before": "Ann", "after": "Anna"}},
    }
    assert whole["target"] == {"kind": "user", "id": "8", "label": "ann@example.org"}
    assert (whole["action"], whole["address"]) == ("user.updated", "198.51.100.7")
    assert "personal" not in whole
