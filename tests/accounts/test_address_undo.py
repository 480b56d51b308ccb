"""The way back from a change of address: for whoever reads the former mailbox, once, for a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AddressChange, AuthenticatorApp, OutboundMail, UndoLink, User
from accounts.services import address_undo
from audit.models import AuditRow
from tests.accounts.movers import letters_to, moved, undo, wish
from tests.accounts.people import code_in, signed_in, token_in
from tests.accounts.phones import enrolled
from tests.audit.rows import told
from tests.factories import PASSWORD, UserFactory
from tests.races import at_once

LOGIN = "/api/v1/auth/login"
THIEF, NEW_PASSWORD = "thief@example.com", "an entirely new password"


@pytest.fixture
def robbed(api, letters):
    """Somebody whose account a thief has moved to another mailbox, and their link back."""
    thief = signed_in(api)
    moved(thief, THIEF, letters)
    return thief, token_in(letters_to(thief.user.email, letters)[-1])


def test_the_link_restores_the_address_and_leaves_a_thief_nothing(api, letters, robbed):
    thief, token = robbed
    other = signed_in(api, user=User.objects.get())
    api.post("/api/v1/auth/password/reset", {"email": THIEF})
    reset = token_in(letters()[-1])
    assert undo(token).status_code == 204
    person = User.objects.get()
    assert (person.email, person.email_verified_at is not None) == (thief.user.email, True)
    for session in (thief, other):
        assert api.get("/api/v1/me", token=session.access).status_code == 401
        body = {"refresh": session.refresh}
        assert api.post("/api/v1/auth/token/refresh", body).status_code == 401
    for email in (THIEF, thief.user.email):
        assert api.post(LOGIN, {"email": email, "password": PASSWORD}).status_code == 401
    body = {"token": reset, "password": NEW_PASSWORD}
    assert api.post("/api/v1/auth/password/reset/confirm", body).status_code == 401


def test_a_letter_leads_to_a_new_password(api, letters, robbed):
    thief, token = robbed
    undo(token)
    letter = letters_to(thief.user.email, letters)[-1]
    assert letter.subject == "Your account is yours again"
    body = {"token": token_in(letter), "password": NEW_PASSWORD}
    assert api.post("/api/v1/auth/password/reset/confirm", body).status_code == 204
    answer = api.post(LOGIN, {"email": thief.user.email, "password": NEW_PASSWORD})
    assert answer.status_code == 200


def test_it_is_in_the_trail(api, robbed):
    thief, token = robbed
    undo(token)
    row = AuditRow.objects.get(action="email.restored")
    assert told(row).changes == {"email": [THIEF, thief.user.email]}
    assert row.target_id == str(thief.user.pk)
    ended = AuditRow.objects.filter(action="session.ended").values_list("reason", flat=True)
    assert set(ended) == {"address restored"}


def test_of_twenty_uses_at_once_one_restores(robbed):
    _, token = robbed
    statuses = at_once(lambda _: undo(token).status_code, times=20)
    assert sorted(statuses) == [204, *[401] * 19]
    assert AuditRow.objects.filter(action="email.restored", outcome="success").count() == 1


def test_changing_the_address_again_does_not_shake_the_owner_off(api, letters, robbed):
    thief, token = robbed
    moved(thief, "second@example.com", letters)
    theirs = token_in(letters_to(THIEF, letters)[-1])
    wish(thief, "third@example.com")
    assert undo(token).status_code == 204
    assert undo(theirs).status_code == 401
    assert User.objects.get().email == thief.user.email
    assert not AddressChange.objects.exists()


def test_a_link_of_an_earlier_address_outlives_an_undo(api, letters):
    ada = signed_in(api)
    moved(ada, "second@example.com", letters)
    first = token_in(letters_to(ada.user.email, letters)[-1])
    moved(ada, "third@example.com", letters)
    second = token_in(letters_to("second@example.com", letters)[-1])
    assert undo(second).status_code == 204
    assert undo(first).status_code == 204
    assert User.objects.get().email == ada.user.email


def test_a_second_factor_is_not_taken_away_by_mail(api, letters):
    ada, _ = enrolled(api)
    moved(ada, "new@example.com", letters)
    assert undo(token_in(letters_to(ada.user.email, letters)[-1])).status_code == 204
    assert AuthenticatorApp.objects.filter(confirmed_at__isnull=False).count() == 1


def test_wrong_tokens_of_every_kind_get_one_answer(api, letters, robbed):
    _, token = robbed
    api.post("/api/v1/auth/magic-link", {"email": THIEF})
    magic = token_in(letters()[-1])
    UndoLink.objects.update(expires_at=timezone.now())
    answers = [undo(shown) for shown in (token, magic, "plu_of-nobody", "")]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 422]
    assert len({answer.json()["message"] for answer in answers[:3]}) == 1


def test_a_person_who_was_switched_off_comes_back_by_no_link(robbed):
    _, token = robbed
    User.objects.update(is_active=False)
    assert undo(token).status_code == 401
    assert User.objects.get().email == THIEF


def test_an_address_that_somebody_else_has_by_now_is_said_and_the_link_stays(robbed):
    thief, token = robbed
    newcomer = UserFactory(email=thief.user.email)
    answer = undo(token)
    assert (answer.status_code, answer.json()["error"]) == (409, "CONFLICT_ERROR")
    newcomer.delete()
    assert undo(token).status_code == 204


def test_the_day_of_a_link_counts_from_when_its_letter_was_sent(api, letters):
    ada = signed_in(api)
    wish(ada, "new@example.com")
    body = {"code": code_in(letters()[-1])}
    api.post("/api/v1/me/email/confirm", body, token=ada.access)
    past = timezone.now() - timedelta(hours=25)
    OutboundMail.objects.filter(template="address_changed").update(created_at=past)
    UndoLink.objects.update(created_at=past, expires_at=past + address_undo.LIVES_FOR)
    token = token_in(letters_to(ada.user.email, letters)[-1])
    assert undo(token).status_code == 204


def test_links_are_trimmed(robbed):
    assert address_undo.trim(now=timezone.now()) == 0
    assert address_undo.trim(now=timezone.now() + timedelta(days=3)) == 1
