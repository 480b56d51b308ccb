"""Drafts: what is told of a person before their key is known is theirs once the row is sealed."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from accounts.services import erasures
from audit.models import AuditRow
from audit.services import alarms, drafts, personal, sealing
from plinto.kernel.crypto import new_sealed_key
from plinto.kernel.exceptions import ConfigurationError
from plinto.kernel.origin import Origin
from tests.audit.rows import NOON, told
from tests.audit.sealed import assert_whole, chain_of, seal_all, written
from tests.audit.verifying import verdict
from tests.factories import UserFactory

ACME = UUID(int=0xACE)
ORIGIN = Origin(address="192.0.2.7", agent="Engine/2", request_id="req-1", session_id=None)
SEAL = {
    "chain": ACME,
    "sequence": 1,
    "previous_hash": b"\0" * 32,
    "sealed_hash": b"\1" * 32,
    "sealed_at": NOON,
}

pytestmark = pytest.mark.django_db


def column(**beside):
    return {**drafts.drafted(personal.of_actor(ORIGIN)), **beside}


def drafted(person, **columns):
    """A row as a statement writes it that knew the person's address, and not their key."""
    by = {"actor_kind": "user", "actor_id": str(person.pk)}
    shown = column(actor_label=person.email)
    (key,) = written(ACME, **{**by, "personal": shown, **columns})
    return AuditRow.objects.get(pk=key)


def test_a_draft_tells_its_readers_what_the_sealed_row_tells_them():
    row = drafted(UserFactory())
    before = told(row)

    seal_all()

    assert (before.address, before.agent) == ("192.0.2.7", "Engine/2")
    assert before.actor_label
    assert told(AuditRow.objects.get(pk=row.pk)) == before


def test_a_sealed_row_holds_what_was_a_draft_under_the_key_of_the_person_alone():
    person = UserFactory()
    drafted(person)

    seal_all()

    (row,) = assert_whole(ACME)
    assert row.personal.keys() == {"actor"}
    assert verdict().status == 0
    assert told(row).actor_label == person.email
    stranger = new_sealed_key(purpose=personal.KEY_PURPOSE)
    with pytest.raises(ConfigurationError):
        personal.opened_by({str(person.pk): stranger}, row)


def test_a_draft_shows_the_address_to_nobody_who_reads_the_table():
    row = drafted(UserFactory())
    assert "192.0.2.7" not in str(row.personal)
    assert "Engine" not in str(row.personal)


def test_what_a_draft_says_of_somebody_who_was_erased_meanwhile_is_dropped():
    person = UserFactory()
    row = drafted(person)
    person.delete()
    assert told(row).actor_label == ""

    seal_all()

    assert [row.personal for row in assert_whole(ACME)] == [{}]


def test_an_erasure_waits_until_drafts_are_sealed():
    person = UserFactory(erase_at=timezone.now() - timedelta(days=1))
    drafted(person)
    assert erasures.erase_due(timezone.now()) == 0

    seal_all()

    assert erasures.erase_due(timezone.now()) == 1
    assert told(chain_of(ACME)[0]).actor_label == ""


def test_a_row_whose_draft_does_not_open_waits_and_keeps_no_other_waiting(settings):
    keys = settings.FIELD_KEYS
    person = UserFactory()
    waiting = drafted(person)
    broken = drafted(person, personal={"draft": "AAAA"})
    (other,) = written(ACME)
    alarms.forget()
    settings.FIELD_KEYS = ["A" * 43 + "="]
    assert sealing.seal(ACME, now=NOON) == 1
    assert [row.pk for row in chain_of(ACME)] == [other]

    settings.FIELD_KEYS = keys

    assert sealing.seal(ACME, now=NOON) == 1
    assert [row.pk for row in chain_of(ACME)] == [other, waiting.pk]
    assert AuditRow.objects.get(pk=broken.pk).sealed_hash is None


def refused(row, **columns):
    rows = models.QuerySet(AuditRow).filter(pk=row.pk)
    with pytest.raises(IntegrityError, match="the trail stands"), transaction.atomic():
        rows.update(**columns)


def test_the_database_lets_what_is_personal_change_only_from_a_draft_and_while_sealing():
    row = drafted(UserFactory())
    refused(row, personal={"actor": "x"})
    refused(row, **SEAL)
    refused(row, **SEAL, personal=column())
    refused(row, **SEAL, personal={"actor": "x"}, reason="x")

    assert AuditRow.objects.filter(pk=row.pk).seal(**SEAL, personal={"actor": "x"}) == 1

    refused(row, personal={"actor": "y"})
