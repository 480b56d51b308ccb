"""Every forged document, posted to a real door while a sign-in waits for an answer."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import User
from sso.models import ConsumedAssertion, SignIn
from tests.accounts.people import signed_in
from tests.api import Api
from tests.sso.attacks import forge, sign_out, table
from tests.sso.saml_travellers import Corporation, follow, post


@pytest.fixture
def corp(club) -> Corporation:
    return Corporation(club)


def is_plain(page, reason: str) -> bool:
    """A page of one sentence, which does not say why."""
    text, detail = page.content.decode(), reason.partition(": ")[2] or reason
    is_page = page["Content-Type"].startswith("text/html") and text.count("<p>") == 2
    return is_page and detail.lower() not in text.lower()


@pytest.mark.asvs("6.8.2")
def test_each_is_refused_with_its_reason_in_the_trail_and_nobody_comes_in(corp, api):
    asked, people = corp.asked(api), User.objects.count()
    attacks = forge.attacks(
        corp.service,
        corp.entity_id,
        corp.key,
        request_id=asked.request_id,
        now=timezone.now(),
    )
    # What only the mapping can see spends the sign-in, so it comes last.
    attacks.sort(key=lambda attack: table.SEEN_BY[attack[0]] is None)
    wrong = {}
    for name, value in attacks:
        before = len(corp.refusals())
        answer = corp.post(api, value, asked.relay_state)
        if table.SEEN_BY[name] is None and answer.status_code == 303:
            answer = follow(api, answer)
        reasons = corp.refusals()[before:]
        check = table.SEEN_BY[name] or "no address"
        is_told = len(reasons) == 1 and (
            reasons[0].startswith(check) or (name == "10 MB" and answer.status_code == 413)
        )
        if not (400 <= answer.status_code < 500 and is_told and is_plain(answer, reasons[0])):
            wrong[name] = (answer.status_code, reasons)
    assert wrong == {}
    assert len(attacks) > 60
    assert (corp.sessions(), User.objects.count()) == (0, people)


def test_after_all_of_them_the_honest_answer_is_taken(corp, api):
    asked = corp.asked(api)
    for _, value in forge.attacks(
        corp.service, corp.entity_id, corp.key, request_id=asked.request_id, now=timezone.now()
    )[:8]:
        corp.post(api, value, asked.relay_state)
    assert corp.come_back(api, asked).status_code == 303


@pytest.mark.asvs("6.8.3")
def test_replayed(corp, api):
    asked = corp.asked(api)
    value = corp.answer(asked)
    assert corp.post(api, value, asked.relay_state).status_code == 303
    again = corp.asked(api)
    for state in (asked.relay_state, again.relay_state, ""):
        assert corp.post(api, value, state).status_code == 400
    assert ConsumedAssertion.objects.count() == 1


@pytest.mark.asvs("6.8.3")
def test_replayed_where_nobody_has_to_ask(corp, api):
    corp.set(allows_unsolicited=True)
    value = corp.answer(None)
    assert corp.post(api, value).status_code == 303
    assert corp.post(api, value).status_code == 400
    assert corp.refusals() == ["replay: this assertion was accepted before"]
    assert SignIn.objects.count() == 1


def test_unsolicited_in_answer_to_nothing_although_a_sign_in_waits(corp, api):
    asked = corp.asked(api)
    assert corp.post(api, corp.answer(None), asked.relay_state).status_code == 400
    corp.set(allows_unsolicited=True)
    assert corp.post(api, corp.answer(None), asked.relay_state).status_code == 400


@pytest.mark.asvs("6.8.1")
def test_another_connections_assertion(club, corp, api):
    """Both are of one organization, and one key signs for both."""
    other = Corporation(club)
    asked = corp.asked(api)
    theirs = other.answer(other.asked(api))
    assert corp.post(api, theirs, asked.relay_state).status_code == 400
    assert post(f"{other.path}/acs", {"SAMLResponse": corp.answer(asked)}).status_code == 400
    assert (corp.sessions(), other.sessions()) == (0, 0)


def test_a_sign_in_that_began_in_another_browser_is_not_finished_in_this_one(corp, api):
    """Login CSRF: somebody signs in as themselves, and lets another browser have the answer."""
    attacker, victim = Api(), Api()
    asked = corp.asked(attacker)
    posted = corp.post(attacker, corp.answer(asked, "mallory"), asked.relay_state)
    corp.asked(victim)
    assert follow(victim, posted).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example"},
        {"X-Forwarded-Proto": "https", "X-Forwarded-Port": "444"},
    ],
)
def test_no_header_moves_the_addresses(corp, api, settings, headers):
    settings.ALLOWED_HOSTS = ["*"]
    told = api.get(f"{corp.path}/metadata", headers=headers).content.decode()
    assert "evil" not in told
    assert told.count(f"http://localhost:8000{corp.path}") >= 4
    answer = api.get(f"{corp.path}/login", headers=headers)
    assert answer["Location"].startswith("https://idp.example/sso?")
    evil = corp.service.__class__(
        *(
            address.replace("localhost:8000", "evil.example")
            for address in (corp.service.entity_id, corp.service.acs_url, corp.service.sls_url)
        ),
        (),
    )
    for lie in (
        {"audiences": _audience(evil.entity_id)},
        {"recipient": f'Recipient="{evil.acs_url}"'},
        {"destination": f'Destination="{evil.acs_url}"'},
    ):
        asked = corp.asked(api)
        value = corp.answer(asked, **lie)
        assert corp.post(api, value, asked.relay_state, headers=headers).status_code == 400
    asked = corp.asked(api)
    posted = corp.post(api, corp.answer(asked), asked.relay_state, headers=headers)
    assert posted["Location"].startswith(f"http://localhost:8000{corp.path}/acs?handle=")


def _audience(entity_id: str) -> str:
    return (
        f"<saml:AudienceRestriction><saml:Audience>{entity_id}</saml:Audience>"
        "</saml:AudienceRestriction>"
    )


@pytest.mark.parametrize("state", ["https://evil.example/", "//evil.example", "javascript:1"])
def test_relay_state_is_no_address(corp, api, state):
    asked = corp.asked(api)
    answer = corp.post(api, corp.answer(asked), state)
    assert (answer.status_code, "Location" in answer) == (400, False)
    corp.set(allows_unsolicited=True)
    posted = corp.post(api, corp.answer(None), state)
    assert follow(api, posted)["Location"].startswith("http://app.example/")


def test_every_forged_request_to_sign_out_ends_nothing(corp, api):
    ada = corp.signed_in(api)
    attacks = sign_out.attacks(corp.service, corp.entity_id, corp.key, now=timezone.now())
    statuses = {name: Api().get(f"{corp.path}/sls?{query}").status_code for name, query in attacks}
    assert {name: status for name, status in statuses.items() if status != 400} == {}
    assert len(corp.refusals()) == len(attacks)
    assert Api().get("/api/v1/me", token=ada["access"]).status_code == 200


def test_a_token_of_ours_opens_no_door_of_a_browser(corp, api):
    person = signed_in(api)
    answer = Api().get(f"{corp.path}/acs?handle=x", token=person.access)
    assert answer.status_code == 400
