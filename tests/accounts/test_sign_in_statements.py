"""What signing in and signing up ask of PostgreSQL, statement by statement, besides the hash."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import AuditRow
from tests.accounts.people import signed_in
from tests.api import Api
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite goes the general way."
)

LOGIN = "/api/v1/auth/login"
WRONG = "certainly not my password"
# Who it is, and where from; one attempt; the session, its row of the trail, and what is forgiven.
# Of a sign-up: whose address it is, one mail, and all that is written.
ENTERED = ['SELECT "accounts_user"', "INSERT INTO resilience_counter", "WITH ready"]
REFUSED = ['SELECT "accounts_user"', "INSERT INTO resilience_counter", 'INSERT INTO "audit_row"']

SIGNED_UP = ["SELECT email", "INSERT INTO resilience_counter", "WITH part_0"]


@pytest.fixture
def ada(api):
    # Somebody signed in before, and this process has read its keys.
    return signed_in(api).user


def asked(api: Api, path: str, body: dict[str, str], *, status: int) -> list[str]:
    """Send a request, and return the first words of every statement that it made."""
    with CaptureQueriesContext(connection) as captured:
        assert api.post(path, body).status_code == status
    return [query["sql"].strip() for query in captured.captured_queries]


def begin_like(statements: list[str], beginnings: list[str]) -> bool:
    return len(statements) == len(beginnings) and all(
        statement.startswith(beginning)
        for statement, beginning in zip(statements, beginnings, strict=True)
    )


def test_a_sign_in_is_three_statements_and_no_transaction_of_the_clients(api, ada):
    statements = asked(api, LOGIN, {"email": ada.email, "password": PASSWORD}, status=200)
    assert begin_like(statements, ENTERED), statements


@pytest.mark.usefixtures("ada")
def test_the_first_sign_in_of_all_is_no_more(api):
    other = UserFactory(email="grace@example.com")
    statements = asked(api, LOGIN, {"email": other.email, "password": PASSWORD}, status=200)
    assert begin_like(statements, ENTERED), statements


@pytest.mark.parametrize("is_known", [True, False])
def test_a_refusal_is_the_same_three_for_who_is_known_and_who_is_not(api, ada, is_known):
    email = ada.email if is_known else "nobody@example.com"
    statements = asked(api, LOGIN, {"email": email, "password": WRONG}, status=401)
    assert begin_like(statements, REFUSED), statements


def test_what_is_locked_is_refused_in_three_statements_too(api, ada):
    for _ in range(10):
        api.post(LOGIN, {"email": ada.email, "password": WRONG})
    statements = asked(api, LOGIN, {"email": ada.email, "password": PASSWORD}, status=429)
    assert begin_like(statements, REFUSED), statements
    assert AuditRow.objects.filter(action="lockout.reached").count() == 1


@pytest.mark.parametrize("is_taken", [True, False])
def test_a_sign_up_is_the_same_three_whether_or_not_the_address_is_taken(api, ada, is_taken):
    body = {"email": ada.email if is_taken else "new@example.com", "password": PASSWORD}
    statements = asked(api, "/api/v1/auth/register", body, status=202)
    assert begin_like(statements, SIGNED_UP), statements
    assert AuditRow.objects.filter(action="user.registered").count() == 1
