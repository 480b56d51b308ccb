from __future__ import annotations

import threading
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit.events import Event
from audit.models import AuditRow
from audit.parties import ANONYMOUS, Actor, ActorKind, Outcome, Target
from audit.services import personal
from audit.services.personal import Opened
from audit.services.record import AuditService, Entry, get_audit_service
from plinto.kernel import services
from plinto.kernel.crypto import new_sealed_key
from plinto.kernel.exceptions import ConfigurationError
from plinto.kernel.ids import uuid7
from plinto.kernel.origin import Origin

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
ALICE = uuid7()
KEY = new_sealed_key(purpose=personal.KEY_PURPOSE)
ORIGIN = Origin(address="192.0.2.7", agent="curl/8", request_id="req-00000001", session_id=None)


def describe(**changed):
    return {
        "actor": Actor(ActorKind.USER, str(ALICE), "alice@example.com", KEY),
        "target": Target("user", str(ALICE), "alice@example.com", KEY),
        "origin": ORIGIN,
        "now": NOON,
        **changed,
    }


def recorded(**described):
    with transaction.atomic():
        key = AuditService().record(Event.USER_UPDATED, **describe(**described))
    return AuditRow.objects.get(pk=key)


@pytest.mark.django_db
def test_a_row_tells_who_did_what_from_where_and_when():
    session = uuid4()
    with transaction.atomic():
        AuditService().record(Event.SESSION_STARTED, **describe(session_id=session))
    row = AuditRow.objects.get()
    assert (row.action, row.outcome, row.occurred_at) == ("session.started", "success", NOON)
    assert (row.actor_kind, row.actor_id, row.target_id) == ("user", str(ALICE), str(ALICE))
    assert (row.session_id, row.request_id) == (session, "req-00000001")
    assert "alice" not in str(row.personal)
    assert "192.0.2.7" not in str(row.personal)


def opened(row, *, key=KEY):
    return personal.opened_by({str(ALICE): key}, row)


@pytest.mark.django_db
def test_what_a_row_tells_of_a_person_is_read_with_their_key_and_no_other():
    row = recorded(changes={"name": ("A", "Alice"), "is_staff": (False, True)})
    assert opened(row) == Opened(
        actor_label="alice@example.com",
        target_label="alice@example.com",
        address="192.0.2.7",
        agent="curl/8",
        changes={"name": ["A", "Alice"], "is_staff": [False, True]},
    )
    # Rights that were given stay readable when their holder is gone.
    assert row.changes == {"is_staff": [False, True]}
    with pytest.raises(ConfigurationError):
        opened(row, key=new_sealed_key(purpose=personal.KEY_PURPOSE))


@pytest.mark.django_db
def test_without_the_key_a_row_still_tells_that_something_happened():
    row = recorded(changes={"name": ("A", "Alice")})
    told = personal.opened_by({}, row)
    assert told == Opened()
    assert (row.action, row.target_id) == ("user.updated", str(ALICE))


@pytest.mark.django_db
def test_the_address_of_somebody_without_a_key_is_sealed_with_who_wrote_it():
    row = recorded(
        target=Target("invitation", "1", "bob@example.com"), changes={"to": ("", "b@c.d")}
    )
    assert "@" not in f"{row.personal} {row.changes}"
    assert opened(row).target_label == "bob@example.com"
    assert opened(row).changes == {"to": ["", "b@c.d"]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "party",
    [
        {"actor": Actor(ActorKind.USER, str(ALICE), "alice@example.com")},
        {"actor": ANONYMOUS, "target": Target("user", str(ALICE), "alice@example.com")},
    ],
)
def test_a_person_is_not_recorded_in_clear(party):
    with pytest.raises(ValueError, match="key"):
        recorded(**party, changes={"is_staff": (False, True)})


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
    assert opened(AuditRow.objects.get()).changes == {
        "name": ["A", "Alice"],
        "since": [None, "2030-01-01T12:00:00Z"],
    }


@pytest.mark.django_db
@pytest.mark.parametrize("forged", ["\x00", "\ud800", "x" * 10_000, "\u202e", "<script>"])
def test_a_forged_label_does_not_keep_its_refusal_from_being_recorded(forged):
    AuditService().record_refusal(
        Event.SESSION_REFUSED,
        actor=ANONYMOUS,
        target=Target("mailbox", id=forged, label=forged),
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


@pytest.mark.django_db
def test_many_rows_are_one_statement_and_each_is_what_record_would_have_written():
    entries = [Entry(event=Event.PASSWORD_CHANGED, **describe(reason=str(n))) for n in range(300)]
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        assert AuditService().record_all(entries) == 300
        assert AuditService().record_all([]) == 0
    assert len([each for each in queries if "INSERT" in each["sql"]]) <= 12
    rows = AuditRow.objects.order_by("pk")
    assert [row.reason for row in rows] == [str(n) for n in range(300)]
    assert {opened(row).actor_label for row in rows[:5]} == {"alice@example.com"}


@pytest.mark.django_db
def test_of_many_rows_one_that_may_not_be_keeps_all_out():
    good = Entry(event=Event.PASSWORD_CHANGED, **describe())
    for bad in (
        Entry(event=Event.USER_UPDATED, **describe()),
        Entry(event=Event.USER_UPDATED, **describe(changes={"password": ("a", "b")})),
    ):
        with pytest.raises(ValueError, match=r"changes|password"), transaction.atomic():
            AuditService().record_all([good, bad])
    with pytest.raises(RuntimeError, match="transaction of the act"):
        AuditService().record_all([good])
    assert not AuditRow.objects.exists()
