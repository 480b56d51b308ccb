"""Trying a connection: each check in plain words, and nobody signed in."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.http import HttpResponse
from django.utils import timezone

from accounts.models import Identity, Membership, Session, User
from sso.models import Connection, GroupRole, SignIn
from tests.accounts.people import signed_in
from tests.api import Api
from tests.factories import UserFactory
from tests.servers.identity_provider import IdentityProvider
from tests.sso.oidc.relying import Party, somebody
from tests.sso.saml_travellers import ROOT, Asked, Corporation, follow, read


@pytest.fixture
def corp(club) -> Corporation:
    return Corporation(club)


def place_of_test(corp: Corporation | Party) -> str:
    """Let the owner ask for a test, and return the path at which it begins."""
    connection = corp.connection
    path = f"/sso/{connection.protocol}/{connection.slug}/test"
    answer = corp.club.as_(corp.club.owner, "POST", path)
    assert answer.status_code == 200, answer.content
    url = answer.json()["test_url"]
    assert url.startswith(f"{ROOT}{path}?ticket=")
    return url.removeprefix(ROOT)


def begun(corp: Corporation, browser: Api) -> Asked:
    answer = browser.get(place_of_test(corp))
    assert answer.status_code == 303, answer.content
    return read(answer["Location"])


def shown(browser: Api, corp: Corporation, value: str, asked: Asked) -> str:
    """Post an answer, and follow its browser to the page with what was found."""
    answer = corp.post(browser, value, asked.relay_state)
    while answer.status_code == 303:
        answer = follow(browser, answer)
    assert answer.status_code == 200, answer.content
    return read_text(answer)


def read_text(answer: HttpResponse) -> str:
    text = re.sub(r"<[^>]+>", " ", answer.content.decode().partition("<main>")[2])
    return re.sub(r"\s+", " ", text)


def found_by(party: Party, browser: Api) -> str:
    """Go to an OpenID provider and back, and read what was found."""
    begun = browser.get(place_of_test(party))
    answer = party.back(browser, party.idp.approve(begun["Location"], somebody()))
    assert answer.status_code == 303, answer.content
    return read_text(follow(browser, answer))


def counts() -> list[int]:
    """What nobody who only tries anything adds to."""
    return [model.objects.count() for model in (User, Session, Membership, Identity)]


def test_a_sign_in_that_works_is_told_with_what_would_become_of_it(corp):
    role = corp.club.role("engineer", "members:read")
    GroupRole.objects.create(
        organization_id=corp.club.id, group="Engineers", role_id=role, position=1
    )
    browser, before = Api(), counts()
    asked = begun(corp, browser)
    attributes = (
        ("mail", (f"ada@{corp.domain}",)),
        ("groups", ("Engineers", "&lt;b&gt;Staff&lt;/b&gt;")),
    )
    text = shown(browser, corp, corp.answer(asked, attributes=attributes), asked)
    assert "This sign-in works" in text
    assert "The person gets an account and is signed in." in text
    assert f"Address ada@{corp.domain}" in text
    assert "Role engineer" in text
    assert "&lt;b&gt;Staff&lt;/b&gt;" in text
    assert "✗ failed" not in text
    assert "not reached" not in text
    assert counts() == before


def test_the_first_check_that_fails_is_named_and_those_behind_it_were_not_reached(corp):
    browser = Api()
    asked = begun(corp, browser)
    text = shown(
        browser, corp, corp.answer(asked, made_at=timezone.now() - timedelta(hours=1)), asked
    )
    assert "This sign-in would fail" in text
    assert "What failed: age" in text
    assert text.count("✗ failed") == 1
    assert "not reached" in text
    assert corp.refusals() == []


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("no address", "What failed: no address"),
        ("elsewhere", "is no proved domain of the organization"),
        ("has an account", "An account has this address"),
        ("switched off", "The account is switched off."),
        ("makes none", "the connection makes no accounts"),
    ],
)
def test_what_would_become_of_somebody_is_told_and_why(corp, case, told):
    address = "ada@elsewhere.example" if case == "elsewhere" else f"ada@{corp.domain}"
    attributes = () if case == "no address" else (("mail", (address,)),)
    if case in {"has an account", "switched off", "elsewhere"}:
        UserFactory(email=address, is_active=case != "switched off")
    if case == "makes none":
        Connection.objects.update(creates_accounts=False)
    browser = Api()
    asked = begun(corp, browser)
    name = {"name_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"}
    value = corp.answer(asked, attributes=attributes, **name)
    text = shown(browser, corp, value, asked)
    assert told in text
    # Whether somebody elsewhere has an account is not for the organization to know.
    assert ("An account" in text) == (case == "has an account")


def test_findings_are_for_the_browser_that_went_there_alone(corp):
    browser = Api()
    asked = begun(corp, browser)
    shown(browser, corp, corp.answer(asked), asked)
    path = f"{corp.path}/test/{SignIn.objects.get().pk}"
    assert browser.get(path).status_code == 200
    assert Api().get(path).status_code == 400
    other = Api()
    begun(corp, other)
    assert other.get(path).status_code == 400


def test_a_ticket_is_for_one_connection_while_it_is_on(corp, club):
    path, other = place_of_test(corp), Corporation(club)
    ticket = dict(parse_qsl(urlsplit(path).query))["ticket"]
    for wrong in (f"{other.path}/test?ticket={ticket}", f"{corp.path}/test?ticket=AAAA"):
        assert Api().get(wrong).status_code == 400
    Connection.objects.update(is_enabled=False)
    assert Api().get(path).status_code == 404
    refused = club.as_(club.owner, "POST", f"{corp.path}/test")
    assert (refused.status_code, refused.json()["error"]) == (409, "CONFLICT_ERROR")


def test_who_may_not_write_tests_nothing(corp):
    reader = corp.club.holding("sso:read")
    assert corp.club.as_(reader, "POST", f"{corp.path}/test").status_code == 403
    stranger = signed_in(corp.club.api)
    assert corp.club.as_(stranger, "POST", f"{corp.path}/test").status_code == 404


def test_an_openid_connection_is_tried_in_the_same_way(club, settings):
    with IdentityProvider() as idp:
        settings.OUTBOUND_ALLOWED = {idp.destination}
        party, browser = Party(club, idp), Api()
        party.prove()
        before = counts()
        text = found_by(party, browser)
        assert "This sign-in works" in text
        assert f"Address {somebody().email}" in text
        assert "not reached" not in text
        idp.claims = {"aud": "somebody-else"}
        text = found_by(party, browser)
        assert "token: audience" in text
        assert text.index("✓ passed") < text.index("✗ failed") < text.index("– not reached")
        assert counts() == before
        assert Api().get(f"{party.path}/test?ticket=AAAA").status_code == 400
