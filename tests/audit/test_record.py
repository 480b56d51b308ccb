from __future__ import annotations

import threading
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from audit.events import Event
from audit.models import AuditRow
from audit.parties import ANONYMOUS, Actor, ActorKind, Outcome, Target
from audit.services.record import AuditService, get_audit_service
from plinto.kernel import services
from plinto.kernel.ids import uuid7
from plinto.kernel.origin import Origin

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
ALICE = uuid7()
ORIGIN = Origin(address="192.0.2.7", agent="curl/8", request_id="req-00000001", session_id=None)


def describe(**changed):
    return {
        "actor": Actor(ActorKind.USER, str(ALICE), "alice@example.com"),
        "target": Target("user", str(ALICE), "alice@example.com"),
        "origin": ORIGIN,
        "now": NOON,
        **changed,
    }


@pytest.mark.django_db
def test_a_row_tells_who_did_what_from_where_and_when():
    session = uuid4()
    with transaction.atomic():
        AuditService().record(Event.SESSION_STARTED, **describe(session_id=session))
    row = AuditRow.objects.get()
    assert (row.action, row.outcome, row.occurred_at) == ("session.started", "success", NOON)
    assert (row.actor_kind, row.actor_id, row.target_id) == ("user", str(ALICE), str(ALICE))
    assert (row.session_id, row.request_id) == (session, "req-00000001")
    assert row.personal == {
        "actor_label": "alice@example.com",
        "target_label": "alice@example.com",
        "address": "192.0.2.7",
        "agent": "curl/8",
    }


@pytest.mark.django_db
def test_the_session_of_the_request_is_kept_when_no_other_is_named():
    session = uuid4()
    origin = Origin(address="", agent="", request_id="", session_id=session)
    with transaction.atomic():
        AuditService().record(Event.PASSWORD_CHANGED, **describe(origin=origin))
    assert AuditRow.objects.get().session_id == session


@pytest.mark.django_db
def test_a_row_goes_when_the_act_is_rolled_back():
    with transaction.atomic():
        AuditService().record(Event.USER_REGISTERED, **describe())
        transaction.set_rollback(True)
    assert not AuditRow.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_act_without_a_transaction_is_refused():
    with pytest.raises(RuntimeError, match="transaction of the act"):
        AuditService().record(Event.USER_REGISTERED, **describe())


@pytest.mark.django_db
def test_a_missing_transaction_is_seen_inside_a_test_case_too():
    assert connection.in_atomic_block
    with pytest.raises(RuntimeError, match="transaction of the act"):
        AuditService().record(Event.USER_REGISTERED, **describe())


@pytest.mark.django_db
def test_a_refusal_inside_the_transaction_it_refuses_is_a_programming_error():
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        AuditService().record_refusal(Event.SESSION_REFUSED, **describe(reason="wrong password"))


@pytest.mark.django_db(transaction=True)
def test_a_refusal_is_visible_to_others_at_once():
    AuditService().record_refusal(Event.SESSION_REFUSED, **describe(reason="wrong password"))
    seen: list[tuple[str, str]] = []

    def look():
        seen.extend(AuditRow.objects.values_list("outcome", "reason"))
        connection.close()

    other = threading.Thread(target=look)
    other.start()
    other.join()
    assert seen == [("refused", "wrong password")]


@pytest.mark.django_db
def test_a_refusal_without_a_reason_cannot_be_stored():
    with pytest.raises(IntegrityError):
        AuditService().record_refusal(Event.SESSION_REFUSED, **describe(reason=""))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("event", "lacking"),
    [(Event.SESSION_STARTED, "session_id"), (Event.USER_UPDATED, "changes")],
)
def test_a_success_without_what_its_event_must_carry_is_refused(event, lacking):
    with pytest.raises(ValueError, match=lacking), transaction.atomic():
        AuditService().record(event, **describe())


@pytest.mark.django_db
def test_a_refused_act_may_lack_what_a_success_carries():
    AuditService().record_refusal(Event.SESSION_REFRESHED, **describe(reason="unknown token"))
    assert AuditRow.objects.get().outcome == Outcome.REFUSED


@pytest.mark.django_db
@pytest.mark.parametrize(
    "field", ["password", "totp_secret", "refresh_token", "code", "private_key", "api_key"]
)
def test_a_secret_never_enters_the_trail(field):
    with pytest.raises(ValueError, match=field), transaction.atomic():
        AuditService().record(Event.USER_UPDATED, **describe(changes={field: ("a", "b")}))


@pytest.mark.django_db
def test_changes_keep_the_value_before_and_after():
    with transaction.atomic():
        AuditService().record(
            Event.USER_UPDATED, **describe(changes={"name": ("A", "Alice"), "since": (None, NOON)})
        )
    changes = AuditRow.objects.get().changes
    assert changes == {"name": ["A", "Alice"], "since": [None, "2030-01-01T12:00:00Z"]}


@pytest.mark.django_db
@pytest.mark.parametrize("forged", ["\x00", "\ud800", "x" * 10_000, "\u202e", "<script>"])
def test_a_forged_label_does_not_keep_its_refusal_from_being_recorded(forged):
    AuditService().record_refusal(
        Event.SESSION_REFUSED,
        actor=ANONYMOUS,
        target=Target("user", id=forged, label=forged),
        origin=Origin(address="", agent=forged, request_id=forged),
        reason=f"unknown address {forged}",
        changes={"name": (forged, None)},
    )
    assert AuditRow.objects.get().outcome == "refused"


def test_every_event_is_a_subject_and_a_past_participle():
    assert all(event.count(".") == 1 and event == event.lower() for event in Event)
    assert all(len(event) <= 64 for event in Event)


def test_a_deployment_can_put_another_writer_in_place():
    other = AuditService()
    with services.override(AuditService, other):
        assert get_audit_service() is other
    assert get_audit_service() is not other
