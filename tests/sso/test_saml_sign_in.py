"""Signing in by a SAML connection, from its login door to the session."""

from __future__ import annotations

import base64
import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from lxml import etree

from accounts.models import Session, User
from resilience import policies
from sso.models import Connection, ConsumedAssertion, SignIn
from tests.api import Api
from tests.project.test_routes import routes
from tests.sso.attacks.signing import Signer, encrypt, form, good
from tests.sso.saml_travellers import APP, EXCHANGE, FORM, Asked, Corporation, follow

FOREIGN_POSTS = {"acs", "sls", "backchannel-logout"}


@pytest.fixture
def corp(club) -> Corporation:
    return Corporation(club)


def told(answer) -> str:
    """The sentence of a page."""
    assert answer["Content-Type"].startswith("text/html")
    return re.search(r"<p>(?!Request)([^<]+)</p>", answer.content.decode())[1]


def published(api, corp) -> list[str]:
    """The certificates of the metadata, once for each use."""
    root = etree.fromstring(api.get(f"{corp.path}/metadata").content)
    found = root.iterfind(".//{*}KeyDescriptor//{*}X509Certificate")
    return ["".join(node.text.split()) for node in found]


def test_somebody_signs_in_and_again(corp):
    first, second = (corp.signed_in(Api())["user"] for _ in range(2))
    assert first == second
    assert first["email"] == f"ada@{corp.domain}"
    session = Session.objects.latest("pk")
    assert (session.connection_id, session.methods) == (corp.connection.pk, ["pwd"])
    assert SignIn.objects.filter(sealed_arrival__isnull=False).count() == 0


def test_the_request_is_signed_and_says_nothing_that_came_with_the_browser(corp, api):
    answer = api.get(
        f"{corp.path}/login?redirect_uri={APP}",
        headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"},
    )
    assert answer.status_code in {303, 400}
    asked = corp.asked(api)
    root = asked.document
    assert root.get("AssertionConsumerServiceURL") == f"http://localhost:8000{corp.path}/acs"
    assert root.get("ForceAuthn") is None
    assert root.find("{*}Issuer").text == f"http://localhost:8000{corp.path}/metadata"
    assert corp.asked(api, prompt="login").document.get("ForceAuthn") == "true"


def test_metadata_are_signed_cacheable_and_have_both_keys_during_a_rollover(corp, api):
    call_command("rotate_service_key", verbosity=0)
    answer = api.get(f"{corp.path}/metadata")
    assert answer["Content-Type"] == "application/samlmetadata+xml"
    assert answer["Cache-Control"] == "public, max-age=3600"
    root = etree.fromstring(answer.content)
    assert root.get("entityID") == f"http://localhost:8000{corp.path}/metadata"
    certificates = published(api, corp)
    assert (len(certificates), len(set(certificates))) == (4, 2)
    assert root.find("{*}Signature") is not None


def test_a_provider_that_wants_forms_is_sent_one_that_goes_nowhere_else(corp, api):
    corp.set(sso_binding="post")
    answer = corp.login(api)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert 'action="https://idp.example/sso"' in page
    assert "form-action https://idp.example;" in answer["Content-Security-Policy"] + ";"
    value = re.search(r'name="SAMLRequest" value="([^"]+)"', page)[1]
    state = re.search(r'name="RelayState" value="([^"]+)"', page)[1]
    root = etree.fromstring(base64.b64decode(value))
    assert root.find("{*}Signature") is not None
    assert corp.come_back(api, Asked(root.get("ID"), state, root)).status_code == 303


def test_an_encrypted_assertion_is_read(corp, api):
    asked = corp.asked(api)
    response = good(corp.told(asked), corp.key, signs=("Assertion",))
    encrypt(response, published(api, corp)[0])
    Signer(corp.key).sign(response)
    posted = corp.post(api, form(response), asked.relay_state)
    assert posted.status_code == 303, corp.refusals()
    assert follow(api, posted).status_code == 303


def test_the_post_signs_nobody_in_without_the_browser_that_asked(corp, api):
    asked = corp.asked(api)
    posted = corp.post(api, corp.answer(asked), asked.relay_state)
    assert "code=" not in posted["Location"]
    for stranger in (Api(), _with_another_sign_in(corp)):
        refused = follow(stranger, posted)
        assert (refused.status_code, "in another browser" in told(refused)) == (400, True)
    assert follow(api, posted).status_code == 303
    assert follow(api, posted).status_code == 400
    assert [reason.split(":")[0] for reason in corp.refusals()] == ["handle"] * 3


def _with_another_sign_in(corp) -> Api:
    stranger = Api()
    corp.asked(stranger)
    return stranger


def test_a_handle_lives_for_two_minutes(corp, api):
    asked = corp.asked(api)
    posted = corp.post(api, corp.answer(asked), asked.relay_state)
    SignIn.objects.update(answered_at=timezone.now() - timedelta(seconds=121))
    assert follow(api, posted).status_code == 400


def test_an_answer_that_nobody_asked_for_is_taken_only_where_the_connection_allows_it(corp, api):
    refused = corp.post(api, corp.answer(None))
    assert (refused.status_code, corp.refusals()) == (
        400,
        ["relay state: no sign-in waits for this answer"],
    )
    corp.set(allows_unsolicited=True)
    posted = corp.post(api, corp.answer(None), "https://evil.example/")
    back = follow(api, posted)
    assert back["Location"].startswith(APP)
    code = back["Location"].rpartition("code=")[2]
    assert api.post(EXCHANGE, {"code": code}).status_code == 200
    assert follow(Api(), posted).status_code == 400


def test_an_answer_to_a_request_does_not_pass_for_one_that_nobody_asked_for(corp, api):
    corp.set(allows_unsolicited=True)
    asked = corp.asked(api)
    assert corp.post(api, corp.answer(asked), "another").status_code == 400
    assert not ConsumedAssertion.objects.exists()


def test_a_fresh_proof_that_was_wanted_is_asked_for(corp, api):
    asked = corp.asked(api, prompt="login")
    stale = timezone.now() - timedelta(hours=1)
    value = corp.answer(asked, proved_at=stale)
    assert corp.post(api, value, asked.relay_state).status_code == 400
    assert "AuthnInstant" in corp.refusals()[0] or "authentication" in corp.refusals()[0]
    assert corp.come_back(api, asked).status_code == 303


@pytest.mark.parametrize(
    "query",
    [
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": f"{APP}&x=1"},
        {"redirect_uri": "//app.example/signed-in?from=plinto"},
    ],
)
def test_a_browser_is_sent_to_no_address_that_is_not_listed(corp, api, query):
    answer = corp.login(api, **query)
    assert (answer.status_code, "Location" in answer) == (400, False)
    assert corp.refusals() == ["redirect_uri: not registered"]


def test_unknown_and_disabled_connections_look_alike_and_both_are_recorded(corp, api):
    Connection.objects.filter(pk=corp.connection.pk).update(is_enabled=False)
    doors = [
        ("GET", "metadata", None),
        ("GET", "login", None),
        ("POST", "acs", "SAMLResponse=x"),
        ("GET", "acs?handle=x", None),
        ("GET", "sls?SAMLRequest=x", None),
        ("POST", "sls", "SAMLRequest=x"),
    ]
    for method, door, body in doors:
        pages = [
            api.send(
                method,
                f"/sso/saml/{slug}/{door}",
                body,
                content_type=FORM,
            )
            for slug in (corp.connection.slug, "nothing-like-it")
        ]
        assert [page.status_code for page in pages] == [404, 404], door
        assert told(pages[0]) == told(pages[1])
    assert corp.refusals() == ["connection off"] * len(doors)


def test_a_refusal_is_a_plain_page_that_tells_only_the_request(corp, api):
    asked = corp.asked(api)
    value = corp.answer(asked, audiences="")
    answer = corp.post(api, value, asked.relay_state, headers={"X-Request-ID": "abcdefgh-1"})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "Request abcdefgh-1" in page
    assert "audience" not in page.lower()
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "audience" in corp.refusals()[0].lower()


def test_only_what_a_provider_posts_is_exempt_from_the_token_of_forms():
    exempt = {
        path.rpartition("/")[2]
        for path, view in routes()
        if path.startswith("sso/")
        and getattr(view, "csrf_exempt", False)
        and any(hasattr(view.cls, method) for method in ("post", "put", "patch", "delete"))
    }
    assert exempt
    assert exempt <= FOREIGN_POSTS
    taking = {
        path.rpartition("/")[2]
        for path, view in routes()
        if path.startswith("sso/") and hasattr(view.cls, "post")
    }
    assert taking <= FOREIGN_POSTS


@pytest.mark.parametrize("body", ["", "RelayState=x", "SAMLResponse=%00&RelayState=%00", "a=b&a=c"])
def test_a_form_without_an_answer_is_refused(corp, api, body):
    answer = api.post(f"{corp.path}/acs", body, content_type=FORM)
    assert answer.status_code == 400
    assert len(corp.refusals()) == 1


def test_one_organization_does_not_use_up_what_another_may_answer(club, corp, api, settings):
    other = Corporation(club, name="other")
    corp.set(allows_unsolicited=True)
    settings.RATE_LIMITS = policies.chosen(["sso.account=4/60s"], processes=2)
    answers = [corp.post(api, "x") for _ in range(5)]
    assert [answers[0].status_code, answers[-1].status_code] == [400, 429]
    assert "Retry-After" in answers[-1]
    assert "Too many" in told(answers[-1])
    assert len(corp.refusals()) == len([each for each in answers if each.status_code == 400])
    assert other.come_back(api, other.asked(api)).status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        f"/sso/saml/{'a' * 5000}/login",
        "/sso/saml/x/login?redirect_uri=%00%ff",
        f"/sso/saml/x/acs?handle={'h' * 5000}%00",
        "/sso/saml/x/sls?SAMLRequest=%ff&SAMLRequest=%00",
    ],
)
def test_nonsense_in_an_address_is_a_plain_page(corp, api, path):
    for slug in ("x", corp.connection.slug):
        answer = api.get(path.replace("/x/", f"/{slug}/"))
        assert 400 <= answer.status_code < 500
        assert told(answer)


def test_nobody_is_made_by_what_is_refused(corp, api):
    asked = corp.asked(api)
    before = User.objects.count()
    corp.post(api, "x" * 100, asked.relay_state)
    assert (User.objects.count(), corp.sessions()) == (before, 0)
