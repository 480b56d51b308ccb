"""Changing one's own address: proved before it counts, one person each, and nobody is told more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AddressChange, MagicLink, UndoLink, User
from accounts.services import address_changes
from audit.models import AuditRow
from resilience.models import Counter as CounterRow
from tests.accounts.movers import CHANGE, CONFIRM, confirm, letters_to, moved, wish
from tests.accounts.old_proofs import let_proofs_grow_old
from tests.accounts.people import code_in, signed_in, token_in
from tests.accounts.staff import browser_of
from tests.api import Api
from tests.audit.rows import told as opened
from tests.factories import PASSWORD, UserFactory
from tests.races import at_once

LOGIN = "/api/v1/auth/login"


def test_a_new_address_counts_when_its_code_was_shown_and_not_before(api, letters):
    ada = signed_in(api, user=UserFactory(email="ada@example.com"))
    other = signed_in(api, user=ada.user)
    assert wish(ada, "Ada@New.example").status_code == 202
    assert api.get("/api/v1/me", token=ada.access).json()["email"] == "ada@example.com"
    [letter] = letters()
    assert letter.to == ["Ada@new.example"]
    answer = confirm(ada, code_in(letter))
    assert (answer.status_code, answer.json()["email_verified"]) == (200, True)
    for access in (ada.access, other.access):
        assert api.get("/api/v1/me", token=access).json()["email"] == "Ada@new.example"
    for email, status in (("ada@new.EXAMPLE", 200), ("ada@example.com", 401)):
        assert api.post(LOGIN, {"email": email, "password": PASSWORD}).status_code == status


@pytest.mark.asvs("6.3.7")
def test_the_old_address_is_told_with_a_way_back(api, letters):
    ada = signed_in(api)
    moved(ada, "new@example.com", letters)
    [told] = letters_to(ada.user.email, letters)
    assert told.subject == "The address of your account was changed"
    assert "/undo-email#token=plu_" in told.body
    assert "new@example.com" not in told.body
    row = AuditRow.objects.get(action="email.changed")
    assert opened(row).changes == {"email": [ada.user.email, "new@example.com"]}
    assert (row.actor_id, row.target_id) == (str(ada.user.pk), str(ada.user.pk))


def test_a_stranger_behind_an_address_that_was_never_proved_gets_no_way_in(api, letters):
    ada = signed_in(api, user=UserFactory(email="typo@example.com", email_verified_at=None))
    moved(ada, "ada@example.com", letters)
    assert letters_to("typo@example.com", letters) == []
    assert not UndoLink.objects.exists()


def test_a_taken_address_gets_the_same_answer_and_its_owner_is_told(api, letters):
    bob = UserFactory(email="Bob@example.com")
    ada = signed_in(api)
    taken, free = wish(ada, "BOB@example.com"), wish(ada, "free@example.com")
    assert (taken.status_code, taken.json()) == (free.status_code, free.json())
    told, _ = letters()
    assert (told.to, told.subject) == (["Bob@example.com"], "Your email address has an account")
    assert ada.user.email not in told.body
    assert User.objects.get(pk=bob.pk).email == "Bob@example.com"


def test_a_taken_and_a_free_address_cost_the_same_statements(api, django_assert_max_num_queries):
    bob, ada = UserFactory(), signed_in(api)
    wish(ada, "warm@example.com")
    counts = []
    for email in (bob.email, "free@example.com"):
        with django_assert_max_num_queries(50) as statements:
            wish(ada, email)
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_of_twenty_who_prove_one_address_at_once_one_gets_it(api, letters):
    people = [signed_in(api) for _ in range(20)]
    codes = []
    for number, person in enumerate(people):
        CounterRow.objects.all().delete()
        spelt = "One@example.com" if number % 2 else "oNE@example.com"
        assert wish(person, spelt).status_code == 202
        codes.append(code_in(letters()[-1]))
    answers = at_once(lambda n: confirm(people[n], codes[n]), times=20)
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 19]
    assert User.objects.filter(email_key="one@example.com").count() == 1


def test_one_code_shown_twenty_times_at_once_changes_once(api, letters):
    ada = signed_in(api)
    wish(ada, "new@example.com")
    code = code_in(letters()[-1])
    answers = at_once(lambda _: confirm(ada, code), times=20)
    assert [answer.status_code for answer in answers].count(200) == 1
    assert UndoLink.objects.count() == 1
    assert AuditRow.objects.filter(action="email.changed", outcome="success").count() == 1


@pytest.mark.asvs("6.6.3")
def test_five_guesses_at_a_code_are_all_there_are(api, letters):
    ada = signed_in(api)
    wish(ada, "new@example.com")
    code = code_in(letters()[-1])
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert [confirm(ada, wrong).status_code for _ in range(5)] == [401] * 5
    answer = confirm(ada, code)
    assert (answer.status_code, answer.json()["error"]) == (429, "TOO_MANY_ATTEMPTS")
    assert AuditRow.objects.filter(action="email.changed", outcome="refused").count() == 6
    assert api.get("/api/v1/me", token=ada.access).status_code == 200


@pytest.mark.asvs("6.6.2")
def test_a_code_is_good_for_its_person_and_its_last_wish_only(api, letters):
    ada, eve = signed_in(api), signed_in(api)
    wish(ada, "first@example.com")
    first = code_in(letters()[-1])
    wish(ada, "second@example.com")
    wish(eve, "first@example.com")
    second = code_in(letters_to("second@example.com", letters)[-1])
    answers = [confirm(ada, first), confirm(eve, second)]
    assert {(a.status_code, a.json()["error"]) for a in answers} == {(401, "INVALID_CODE")}
    assert confirm(ada, second).status_code == 200
    assert confirm(ada, second).status_code == 401


def test_an_expired_code_is_refused(api, letters):
    ada = signed_in(api)
    wish(ada, "new@example.com")
    AddressChange.objects.update(expires_at=timezone.now())
    assert confirm(ada, code_in(letters()[-1])).status_code == 401


def test_links_that_were_mailed_to_the_old_address_die(api, letters):
    ada = signed_in(api)
    api.post("/api/v1/auth/password/reset", {"email": ada.user.email})
    reset = token_in(letters()[-1])
    api.post("/api/v1/auth/magic-link", {"email": ada.user.email})
    magic = token_in(letters()[-1])
    moved(ada, "new@example.com", letters)
    body = {"token": reset, "password": "an entirely new password"}
    assert api.post("/api/v1/auth/password/reset/confirm", body).status_code == 401
    assert api.post("/api/v1/auth/magic-link/verify", {"token": magic}).status_code == 401
    assert MagicLink.objects.get().used_at is None


def test_what_strangers_registered_under_the_new_address_comes_to_nothing(api, letters):
    body = {"email": "new@example.com", "password": "a password of a stranger"}
    handle = api.post("/api/v1/auth/register", body).json()["registration"]
    proof = token_in(letters()[-1])
    moved(signed_in(api), "new@example.com", letters)
    answer = api.post("/api/v1/auth/verify-email", {"token": proof, "registration": handle})
    assert answer.status_code == 401


def test_a_lockout_follows_the_person_to_the_new_address(api, letters):
    ada = signed_in(api)
    for _ in range(11):
        last = attempt(api, ada.user.email, "a wrong password")
    assert last == 429
    moved(ada, "new@example.com", letters)
    assert attempt(api, "new@example.com", PASSWORD) == 429


def attempt(api, email, password):
    body = {"email": email, "password": password}
    return api.post(LOGIN, body, address="198.51.100.7").status_code


@pytest.mark.asvs("7.5.1")
def test_asking_for_it_needs_a_fresh_proof(api):
    ada = signed_in(api)
    let_proofs_grow_old()
    for path, body in ((CHANGE, {"email": "new@example.com"}), (CONFIRM, {"code": "123456"})):
        answer = api.post(path, body, token=ada.access)
        assert (answer.status_code, answer.json()["error"]) == (403, "REAUTHENTICATION_REQUIRED")
        assert api.post(path, body).status_code == 401


def test_one_person_asks_for_five_addresses_an_hour(api, letters):
    ada = signed_in(api)
    statuses = [wish(ada, f"new{number}@example.com").status_code for number in range(6)]
    assert statuses == [202] * 5 + [429]
    assert len(letters()) == 5


def test_a_mailbox_gets_five_letters_an_hour_from_all_of_them(api, letters):
    people = [signed_in(api) for _ in range(7)]
    assert {wish(person, "victim@example.com").status_code for person in people} == {202}
    assert len(letters()) == 5


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (CHANGE, {"email": ["new@example.com"]}, "email"),
        (CHANGE, {"email": "nobody"}, "email"),
        (CHANGE, {"email": "new@example.com", "user": "x"}, "user"),
        (CONFIRM, {"code": 123456}, "code"),
        (CONFIRM, {"code": ["123456"]}, "code"),
        (CONFIRM, {"code": "12345"}, "code"),
        ("/api/v1/auth/email/undo", {"token": ["plu_x"]}, "token"),
    ],
)
def test_a_body_that_is_not_as_described_is_refused(api, path, body, field):
    answer = api.post(path, body, token=signed_in(api).access)
    assert answer.status_code == 422
    assert field in answer.json()["details"]["fields"]


def test_the_address_one_has_is_no_change(api):
    ada = signed_in(api)
    assert wish(ada, ada.user.email).status_code == 422


def test_another_spelling_of_ones_own_address_is_a_change_like_any_other(api, letters):
    ada = signed_in(api, user=UserFactory(email="ada@example.com"))
    moved(ada, "Ada@example.com", letters)
    assert User.objects.get().email == "Ada@example.com"


def test_codes_are_kept_as_digests_and_trimmed(api, letters):
    wish(signed_in(api), "new@example.com")
    code = code_in(letters()[-1])
    assert code.encode() not in bytes(AddressChange.objects.get().code_digest)
    assert address_changes.trim(now=timezone.now()) == 0
    assert address_changes.trim(now=timezone.now() + timedelta(days=2)) == 1


def test_a_session_that_was_ended_changes_nothing(api, letters):
    ada = signed_in(api)
    wish(ada, "new@example.com")
    Api().post("/api/v1/auth/logout/all", token=signed_in(api, user=ada.user).access)
    assert confirm(ada, code_in(letters()[-1])).status_code == 401
    assert User.objects.get().email == ada.user.email


def test_a_refused_change_can_be_read_in_the_trail_by_staff(api):
    ada = signed_in(api)

    wish(ada, "new@example.com")
    assert confirm(ada, "000000").status_code == 401

    row = AuditRow.objects.get(action="email.changed", outcome="refused")
    assert opened(row).target_label == ada.user.email
    page = browser_of().get("/admin/audit/auditrow/")
    assert page.status_code == 200
    assert ada.user.email in page.content.decode()
