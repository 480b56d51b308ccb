"""What an exchange of a refresh token costs the database, and that nothing is lost for it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Session, SigningKey
from accounts.services import keys
from audit.models import AuditRow
from audit.services.sealing import QUEUE
from resilience.worker import Shift, run_until_idle
from tests.accounts.people import signed_in
from tests.api import Api
from tests.audit.rows import told

REFRESH = "/api/v1/auth/token/refresh"


@pytest.fixture
def ada(api):
    return signed_in(api)


def refreshed(token: str) -> dict:
    answer = Api().post(REFRESH, {"refresh": token})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_an_exchange_is_one_statement(ada):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite changes one table in a statement.")
    first = refreshed(ada.refresh)

    with CaptureQueriesContext(connection) as asked:
        refreshed(first["refresh"])

    assert [each["sql"].split()[0] for each in asked] == ["WITH"]


def test_the_server_plans_the_statement_of_an_exchange_once(ada):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite keeps statements by itself.")
    token = ada.refresh
    for _ in range(6):
        token = refreshed(token)["refresh"]

    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        kept = [text for (text,) in cursor.fetchall()]

    assert [text.split()[:2] for text in kept].count(["WITH", "rotated"]) == 1


def test_the_row_of_an_exchange_tells_who_and_from_where_before_and_after_it_is_sealed(ada):
    refreshed(ada.refresh)
    row = AuditRow.objects.get(action="session.refreshed")
    before = told(row)

    run_until_idle([QUEUE], shift=Shift())

    sealed = AuditRow.objects.get(pk=row.pk)
    assert before.actor_label == ada.user.email
    assert before.address
    assert told(sealed) == before
    assert sealed.personal.keys() == {"actor"}
    assert (sealed.actor_id, sealed.target_id) == (str(ada.user.pk), str(sealed.session_id))


def test_an_exchange_answers_as_the_sign_in_did(api, ada):
    pair = refreshed(ada.refresh)

    listed = api.get("/api/v1/sessions", token=pair["access"]).json()["results"]
    me = api.get("/api/v1/me", token=pair["access"]).json()
    assert pair["session"] == listed[0]
    assert pair["user"] == me


def test_a_token_that_was_spent_for_an_answer_nobody_could_sign_is_answered_again(ada):
    key = SigningKey.objects.get()
    # Another name, lest processes go on with the key as they know it.
    SigningKey.objects.update(kid="broken", algorithm="RS256")
    keys.ring.forget()
    broken = Api().post(REFRESH, {"refresh": ada.refresh})
    assert broken.status_code == 500
    SigningKey.objects.update(kid=key.kid, algorithm=key.algorithm)
    keys.ring.forget()

    pair = refreshed(ada.refresh)

    assert refreshed(pair["refresh"])["access"]
    assert Session.objects.get().ended_at is None
