"""Signing in while something is changed that a sign-in depends on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.errors import InvalidCredentials
from accounts.models import Session, User
from accounts.services import candidates, sessions, switching
from accounts.services.pending_sign_ins import Awaiting
from accounts.services.sessions import SignedIn
from audit.models import AuditRow
from audit.parties import SYSTEM
from plinto.kernel import origin
from plinto.kernel.origin import Origin
from resilience.models import Counter
from tests.accounts.authenticators import Authenticator, added
from tests.accounts.people import Person, signed_in
from tests.accounts.phones import MFA, begun
from tests.api import Api
from tests.factories import PASSWORD
from tests.races import at_once
from tests.rivals import rival

LOGIN = "/api/v1/auth/login"
HERE = Origin(address="127.0.0.1", agent="", request_id="a request")


def enter(seen: candidates.Candidate) -> SignedIn | Awaiting:
    """Come in as who was found a moment ago, whose password was verified since."""
    assert seen.user is not None
    return sessions.start(
        seen.user,
        methods=["pwd"],
        origin=HERE,
        now=timezone.now(),
        password_seen=seen.user.password,
        tries=seen.tries,
        knows_device=seen.knows_device,
    )


def find(person: Person) -> candidates.Candidate:
    return candidates.find(person.user.email, origin=HERE, now=timezone.now())


def confirm_an_app(api: Api, ada: Person) -> None:
    code = begun(api, ada).code()
    assert api.post(f"{MFA}/totp/confirm", {"code": code}, token=ada.access).status_code == 200


def add_a_passkey(api: Api, ada: Person) -> None:
    assert added(api, ada, Authenticator()).status_code == 201


def change_the_password(api: Api, ada: Person) -> None:
    body = {"current_password": PASSWORD, "new_password": "another one of some length"}
    assert api.post("/api/v1/me/password", body, token=ada.access).status_code == 204


def switch_off(_api: Api, ada: Person) -> None:
    with transaction.atomic():
        switching.off(ada.user, actor=SYSTEM, origin=origin.SYSTEM, now=timezone.now())


def ask_for_erasure(api: Api, ada: Person) -> None:
    assert api.delete("/api/v1/me", token=ada.access).status_code == 202


@pytest.mark.parametrize("add", [confirm_an_app, add_a_passkey])
def test_a_factor_that_was_added_during_the_hash_is_asked_for(api, add):
    ada = signed_in(api)
    seen = find(ada)
    add(api, ada)
    assert isinstance(enter(seen), Awaiting)
    assert Session.objects.count() == 1


@pytest.mark.parametrize("change", [change_the_password, switch_off])
def test_who_was_changed_during_the_hash_does_not_come_in(api, change):
    ada = signed_in(api)
    seen = find(ada)
    change(api, ada)
    with pytest.raises(InvalidCredentials):
        enter(seen)
    assert Session.objects.count() == 1


def test_an_erasure_that_was_asked_for_during_the_hash_is_called_off(api):
    ada = signed_in(api)
    seen = find(ada)
    ask_for_erasure(api, ada)
    assert isinstance(enter(seen), SignedIn)
    assert User.objects.get().erase_at is None
    assert AuditRow.objects.filter(action="user.erasure_cancelled").count() == 1


@pytest.mark.parametrize(
    "act", [confirm_an_app, add_a_passkey, change_the_password, switch_off, ask_for_erasure]
)
def test_what_a_sign_in_depends_on_moves_the_person(api, act: Callable[[Api, Person], None]):
    ada = signed_in(api)
    before = User.objects.get().version
    act(api, ada)
    assert User.objects.get().version > before


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("UPDATE accounts_user SET is_active = false", 401),
        ("UPDATE accounts_user SET password = '!'", 401),
        ("UPDATE accounts_authenticator_app SET confirmed_at = now()", 200),
        ("DELETE FROM accounts_user", 401),
    ],
)
def test_a_sign_in_waits_for_whoever_holds_the_person_and_sees_what_they_did(api, change, status):
    ada = signed_in(api)
    begun(api, ada)
    # The rows that point to the person, so that they can be deleted.
    Session.objects.all().delete()
    with rival() as other:
        other.holds(ada.user)
        if change.startswith("DELETE"):
            other.does("DELETE FROM accounts_authenticator_app")
        other.then(change)
        answer = api.post(LOGIN, {"email": ada.user.email, "password": PASSWORD})
    assert answer.status_code == status
    assert not Session.objects.exists()


def test_of_nine_at_once_everybody_comes_in_and_nothing_stays_counted(api):
    ada = signed_in(api)
    seen = [find(ada) for _ in range(9)]
    for each in seen:
        each.tries.take(now=timezone.now())
    entries = at_once(lambda number: enter(seen[number]), times=9)
    assert all(isinstance(entry, SignedIn) for entry in entries)
    assert AuditRow.objects.filter(action="session.started").count() == 10
    assert Session.objects.filter(ended_at=None).count() == 10
    assert set(Counter.objects.values_list("count", flat=True)) <= {0}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite goes the general way.")
def test_who_holds_a_person_keeps_nobody_else_at_their_network_waiting(api):
    ada, grace = signed_in(api), signed_in(api)
    with rival() as other:
        other.holds(ada.user)
        body = {"email": grace.user.email, "password": PASSWORD}
        assert api.post(LOGIN, body).status_code == 200
