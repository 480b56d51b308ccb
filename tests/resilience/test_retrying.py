"""A transaction that was undone for another one's sake is tried again, and nobody notices."""

from __future__ import annotations

import pytest
from django import db
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import MailboxProof, Session, User
from accounts.services.mailbox_proofs import LIVES_FOR
from audit.models import AuditRow
from plinto.kernel.crypto import token_digest
from plinto.kernel.ids import uuid7
from resilience.retrying import AGAIN, after_conflicts
from tests.accounts.people import signed_in
from tests.accounts.staff import act, browser_of, save
from tests.factories import UserFactory
from tests.rivals import rival, with_settings

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("signing_key")]

# Whoever is undone must be the one under test: it looks for a deadlock soon, its rival late.
PATIENT = {"deadlock_timeout": "500ms", "lock_timeout": "10s"}


def test_ending_ones_other_sessions_survives_a_deadlock_unseen(api):
    ada = signed_in(api)
    older = [signed_in(api, user=ada.user) for _ in range(2)]
    first, last = (Session.objects.get(pk=each.session_id) for each in older)
    with rival() as other, with_settings(**PATIENT):
        other.holds(last)
        other.then("UPDATE accounts_session SET agent = '' WHERE id = %s", first.pk)
        answer = api.delete("/api/v1/sessions", token=ada.access)
    assert answer.status_code == 204
    live = Session.objects.filter(user=ada.user, ended_at=None)
    assert [str(each.pk) for each in live] == [ada.session_id]
    assert AuditRow.objects.filter(action="session.ended").count() == 2


def test_a_refresh_that_cannot_be_serialized_is_tried_again_unseen(api):
    ada = signed_in(api)
    with rival() as other, with_settings(default_transaction_isolation="repeatable read"):
        other.does("UPDATE accounts_session SET agent = '' WHERE id = %s", ada.session_id)
        other.then()
        answer = api.post("/api/v1/auth/token/refresh", {"refresh": ada.refresh})
    assert answer.status_code == 200
    assert AuditRow.objects.filter(action="session.refreshed").count() == 1
    successor = answer.json()["refresh"]
    assert api.post("/api/v1/auth/token/refresh", {"refresh": successor}).status_code == 200


def test_switching_somebody_off_survives_a_deadlock_unseen(api):
    ada, browser = signed_in(api), browser_of()
    with rival() as other, with_settings(**PATIENT):
        other.holds(Session.objects.get(pk=ada.session_id))
        other.then("UPDATE accounts_user SET locale = 'de' WHERE id = %s", ada.user.pk)
        assert "People switched off: 1" in act(browser, "deactivate", ada.user)
    ada.user.refresh_from_db()
    assert (ada.user.is_active, ada.user.locale) == (False, "de")
    assert AuditRow.objects.filter(action="user.deactivated").count() == 1
    assert api.get("/api/v1/me", token=ada.access).status_code == 401


def proof_of(token: str) -> MailboxProof:
    now = timezone.now()
    return MailboxProof.objects.create(
        email="ada@example.com",
        email_key="ada@example.com",
        token_digest=token_digest(token),
        code_digest=b"",
        mail_id=uuid7(),
        created_at=now,
        expires_at=now + LIVES_FOR,
    )


def test_proofs_of_one_mailbox_are_locked_in_one_order(api, caplog):
    older, newer = proof_of("plv_older"), proof_of("plv_newer")
    with rival() as other, with_settings(**PATIENT):
        other.holds(older)
        other.then("SELECT 1 FROM accounts_mailbox_proof WHERE id = %s FOR UPDATE", newer.pk)
        answer = api.post("/api/v1/auth/verify-email", {"token": "plv_newer"})
    assert answer.json() == {"status": "verified"}
    assert "transaction.undone" not in caplog.text


def test_a_form_of_the_admin_site_that_cannot_be_serialized_is_saved_all_the_same():
    person, browser = UserFactory(), browser_of()
    with rival() as other, with_settings(default_transaction_isolation="repeatable read"):
        other.does("UPDATE accounts_user SET locale = 'de' WHERE id = %s", person.pk)
        other.then()
        assert save(browser, person, name="Ada").status_code == 200
    person.refresh_from_db()
    assert person.name == "Ada"
    assert AuditRow.objects.filter(action="admin.changed").count() == 1


def raise_conflict() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE 'undone' USING ERRCODE = '40001'; END $$")


def test_what_conflicts_for_ever_is_tried_four_times_and_then_told():
    tried = []

    @after_conflicts
    def work() -> None:
        with transaction.atomic():
            tried.append(UserFactory().pk)
            raise_conflict()

    if connection.vendor != "postgresql":
        pytest.skip("This run has no PostgreSQL.")
    with pytest.raises(db.OperationalError, match="undone"):
        work()
    assert len(tried) == 1 + AGAIN
    assert not User.objects.filter(pk__in=tried).exists()


def test_what_fails_for_another_reason_is_not_tried_again():
    tried = []

    @after_conflicts
    def work() -> None:
        tried.append(True)
        raise db.OperationalError("the server is gone")

    with pytest.raises(db.OperationalError):
        work()
    assert len(tried) == 1


def test_a_part_of_a_transaction_is_never_tried_again_by_itself():
    with transaction.atomic(), pytest.raises(RuntimeError, match="must begin the transaction"):
        after_conflicts(raise_conflict)()
