"""Signing out on both sides of a SAML connection."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.utils import timezone

from accounts.models import Session
from audit.models import AuditRow
from resilience import policies
from sso.models import SignIn
from tests.accounts.people import signed_in
from tests.api import Api
from tests.sso import saml_leavers
from tests.sso.attacks.signing import form, key_of
from tests.sso.saml_leavers import answering, asking, posted, query
from tests.sso.saml_travellers import APP, FORM, Corporation, read

LOGOUT = "/api/v1/auth/sso/logout"


@pytest.fixture
def corp(club) -> Corporation:
    return Corporation(club)


def is_in(tokens) -> bool:
    return Api().get("/api/v1/me", token=tokens["access"]).status_code == 200


def sent(corp, value: str, name: str = "SAMLRequest", **more: str):
    return Api().post(f"{corp.path}/sls", urlencode({name: value, **more}), content_type=FORM)


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_whom_the_provider_signs_out_is_refused_at_once_and_it_is_told(corp, binding):
    corp.set(slo_answer_url="https://idp.example/answers", slo_binding=binding)
    ada, grace = corp.signed_in(Api()), corp.signed_in(Api(), "grace")
    if binding == "post":
        answer = sent(corp, saml_leavers.request(corp, "ada"), RelayState="theirs")
        page = answer.content.decode()
        assert 'action="https://idp.example/answers"' in page
        assert 'name="RelayState" value="theirs"' in page
    else:
        said = query(asking(corp, "ada"), corp.key, relay_state="theirs")
        answer = Api().get(f"{corp.path}/sls?{said}")
        assert answer.status_code == 303, corp.refusals()
        told = dict(parse_qsl(urlsplit(answer["Location"]).query))
        assert answer["Location"].startswith("https://idp.example/answers?SAMLResponse=")
        assert told["RelayState"] == "theirs"
        assert "Signature" in told
    assert (is_in(ada), is_in(grace)) == (False, True)
    ended = Session.objects.get(pk=ada["session"]["id"])
    assert ended.end_reason == "signed out at the identity provider"
    assert AuditRow.objects.filter(action="session.ended", session_id=ended.pk).count() == 1


def test_an_index_names_one_session_and_none_names_all(corp):
    desk = corp.signed_in(Api(), session_index="_desk")
    phone = corp.signed_in(Api(), session_index="_phone")
    sent(corp, saml_leavers.request(corp, "ada", index="_desk"))
    assert (is_in(desk), is_in(phone)) == (False, True)
    sent(corp, saml_leavers.request(corp, "ada", index=""))
    assert not is_in(phone)


def test_people_who_are_known_by_an_attribute_are_signed_out_by_their_name(corp):
    corp.set(subject_attribute="employee")
    ada = corp.signed_in(
        Api(),
        attributes=(("mail", (f"ada@{corp.domain}",)), ("employee", ("4711",))),
    )
    sent(corp, saml_leavers.request(corp, "ada"))
    assert not is_in(ada)


def test_a_provider_signs_out_nobody_of_another(club, corp):
    other = Corporation(club, name="other")
    ada = corp.signed_in(Api())
    other.domain = corp.domain
    assert sent(other, saml_leavers.request(other, "ada")).status_code == 303
    assert is_in(ada)


@pytest.mark.parametrize("binding", ["redirect", "post"])
@pytest.mark.parametrize("attack", ["unsigned", "another key", "elsewhere", "old", "stranger"])
def test_a_forged_request_signs_nobody_out(corp, attack, binding):
    ada = corp.signed_in(Api())
    key, changes = corp.key, {}
    if attack == "another key":
        key = key_of("attacker")
    if attack == "elsewhere":
        changes = {"destination": "http://localhost:8000/sso/saml/another/sls"}
    if attack == "old":
        changes = {"now": timezone.now() - timedelta(hours=1)}
    if attack == "stranger":
        corp.entity_id = "https://other.example/metadata"
    message = asking(corp, "ada", **changes)
    if binding == "post":
        answer = sent(corp, form(message) if attack == "unsigned" else posted(message, key))
    else:
        said = query(message, key)
        said = said.partition("&SigAlg")[0] if attack == "unsigned" else said
        answer = Api().get(f"{corp.path}/sls?{said}")
    assert answer.status_code == 400
    assert is_in(ada)
    assert len(corp.refusals()) == 1


def test_requests_to_one_connection_keep_the_processors_from_no_other(club, corp, settings):
    other = Corporation(club, name="other")
    grace = other.signed_in(Api(), "grace")
    settings.RATE_LIMITS = policies.chosen(["sso.account=4/60s"], processes=2)
    statuses = [sent(corp, "x").status_code for _ in range(5)]
    assert (statuses[0], statuses[-1]) == (400, 429)
    assert sent(other, saml_leavers.request(other, "grace")).status_code == 303
    assert not is_in(grace)


def test_a_request_that_is_sent_again_does_not_end_what_was_opened_since(corp):
    corp.signed_in(Api())
    value = saml_leavers.request(corp, "ada", index="")
    assert sent(corp, value).status_code == 303
    again = corp.signed_in(Api())
    assert sent(corp, value).status_code == 400
    assert is_in(again)
    assert corp.refusals() == ["replay: this request was carried out before"]


@pytest.mark.parametrize("wanted", ["", APP])
def test_who_signs_out_here_goes_to_the_provider_and_comes_back(corp, api, wanted):
    ada = corp.signed_in(Api())
    answer = api.post(LOGOUT, {"redirect_uri": wanted}, token=ada["access"])
    assert answer.status_code == 200, answer.content
    assert not is_in(ada)
    url = answer.json()["logout_url"]
    assert url.startswith("https://idp.example/slo?SAMLRequest=")
    asked = read(url)
    assert asked.document.find("{*}NameID").text == f"ada@{corp.domain}"
    assert asked.document.find("{*}SessionIndex").text == "_session1"
    said = query(
        answering(corp, asked.request_id),
        corp.key,
        parameter="SAMLResponse",
        relay_state=asked.relay_state,
    )
    back = Api().get(f"{corp.path}/sls?{said}")
    if wanted:
        assert (back.status_code, back["Location"]) == (303, APP)
    else:
        assert (back.status_code, "You are signed out" in back.content.decode()) == (200, True)
    assert Api().get(f"{corp.path}/sls?{said}").status_code == 400


def test_a_provider_that_wants_forms_is_asked_by_one(corp, api):
    corp.set(slo_binding="post")
    ada = corp.signed_in(Api())
    url = api.post(LOGOUT, {}, token=ada["access"]).json()["logout_url"]
    assert url.startswith(f"http://localhost:8000{corp.path}/sls?out=")
    page = Api().get(url.removeprefix("http://localhost:8000"))
    assert re.search(r'name="SAMLRequest" value="[^"]{200,}"', page.content.decode())
    assert "form-action https://idp.example" in page["Content-Security-Policy"]


def test_the_answer_of_another_provider_or_to_another_request_leads_nowhere(corp, api):
    ada = corp.signed_in(Api())
    url = api.post(LOGOUT, {"redirect_uri": APP}, token=ada["access"]).json()["logout_url"]
    asked = read(url)
    for message, key, state in (
        (answering(corp, asked.request_id), key_of("attacker"), asked.relay_state),
        (answering(corp, "_another"), corp.key, asked.relay_state),
        (answering(corp, asked.request_id), corp.key, "https://evil.example/"),
    ):
        said = query(message, key, parameter="SAMLResponse", relay_state=state)
        answer = Api().get(f"{corp.path}/sls?{said}")
        assert (answer.status_code, "Location" in answer) == (400, False)


def test_what_was_begun_to_sign_out_signs_nobody_in(corp, api):
    ada = corp.signed_in(Api())
    asked = read(api.post(LOGOUT, {}, token=ada["access"]).json()["logout_url"])
    assert SignIn.objects.filter(request_id=asked.request_id).count() == 1
    assert corp.post(api, corp.answer(asked), asked.relay_state).status_code == 400


def test_who_came_by_no_connection_is_signed_out_here_alone(corp, api):
    person = signed_in(api)
    answer = api.post(LOGOUT, {"redirect_uri": APP}, token=person.access)
    assert (answer.status_code, answer.json()) == (200, {"logout_url": None})
    assert api.get("/api/v1/me", token=person.access).status_code == 401


def test_a_provider_without_an_address_to_sign_out_is_not_asked(corp, api):
    corp.set(slo_url="")
    ada = corp.signed_in(Api())
    assert api.post(LOGOUT, {}, token=ada["access"]).json() == {"logout_url": None}
    grace = corp.signed_in(Api(), "grace")
    answer = sent(corp, saml_leavers.request(corp, "grace"))
    assert (answer.status_code, "signed out" in answer.content.decode()) == (200, True)
    assert not is_in(grace)


@pytest.mark.parametrize("wanted", [["x"], 5, "https://evil.example/", "\x00"])
def test_an_address_that_is_not_listed_is_refused_and_ends_nothing(corp, api, wanted):
    ada = corp.signed_in(Api())
    answer = api.post(LOGOUT, {"redirect_uri": wanted}, token=ada["access"])
    assert answer.status_code in {400, 422}
    assert is_in(ada)
