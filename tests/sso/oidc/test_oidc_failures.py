"""Providers that are away, slow or broken: plain pages within bounds, and nothing lost."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest
from joserfc import jwk

from accounts.services import provider_documents
from sso.facts import Refused
from sso.models import Connection, OIDCSettings
from sso.services import oidc_documents
from tests.accounts.organizations import Club
from tests.api import Api
from tests.servers.identity_provider import IdentityProvider
from tests.servers.website import Reply
from tests.sso.oidc.relying import Party, somebody

DISCOVERY = "/.well-known/openid-configuration"


def unavailable(party: Party, answer) -> str:
    """See that a browser is told to wait, and return the reason on record."""
    assert answer.status_code == 503, answer.content
    assert int(answer["Retry-After"]) > 0
    assert "does not answer at the moment" in answer.content.decode()
    return party.refusal()


def read(party: Party) -> Connection:
    """The connection as the worker finds it."""
    return Connection.objects.select_related("oidc").get(pk=party.connection.pk)


BROKEN = [
    (Reply(500), "status 500"),
    (Reply(302, {"Location": "/elsewhere"}), "status 302"),
    (Reply(parts=(b"x" * 70_000,)), "too large"),
]


@pytest.mark.parametrize(("reply", "reason"), BROKEN)
def test_a_provider_that_is_broken_ends_in_a_page_that_says_to_wait(party, reply, reason):
    party.idp.broken = {DISCOVERY: reply}
    assert unavailable(party, party.login(Api())) == f"discovery: {reason}"
    party.idp.broken = {}
    for page, name in (("/token", "code"), ("/keys", "keys")):
        party.idp.broken = {page: reply}
        assert unavailable(party, party.arrive(Api(), somebody())) == f"{name}: {reason}"


def test_what_is_no_json_is_not_trusted(party):
    for page, name in (("/token", "code"), ("/keys", "keys")):
        party.idp.broken = {page: Reply(parts=(b"<html>",))}
        answer = party.arrive(Api(), somebody())
        assert (answer.status_code, party.refusal()) == (400, f"{name}: no JSON")


def test_a_provider_that_drips_does_not_hold_a_browser_for_ever(party):
    over = threading.Event()

    def drip() -> Iterator[bytes]:
        while not over.wait(0.2):
            yield b" "

    browser = Api()
    answer = party.idp.approve(party.sent_to(browser), somebody())
    party.idp.broken = {"/token": Reply(parts=drip())}
    back = party.back(browser, answer)
    over.set()
    # It would drip for ever: that there is an answer at all is what the patience brought.
    assert unavailable(party, back) == "code: timeout"


def test_a_sign_in_that_fails_so_is_spent_and_another_one_succeeds(party):
    browser = Api()
    answer = party.idp.approve(party.sent_to(browser), somebody())
    party.idp.broken = {"/token": Reply(500)}
    assert party.back(browser, answer).status_code == 503
    party.idp.broken = {}
    assert party.back(browser, answer).status_code == 400
    assert party.sign_in(browser, somebody())["access"]


def test_the_breaker_of_a_provider_opens_and_closes_and_is_nobody_elses(party, api, settings, club):
    party.idp.broken = {"/token": Reply(500)}
    for _ in range(5):
        party.arrive(Api(), somebody())
    asked = party.idp.asked("/token")
    for _ in range(3):
        assert unavailable(party, party.arrive(Api(), somebody())).startswith("code: ")
    assert party.idp.asked("/token") == asked == 5
    with IdentityProvider(name="other") as other:
        settings.OUTBOUND_ALLOWED = {*settings.OUTBOUND_ALLOWED, other.destination}
        # It sends Plinto to the address of the one that is left alone.
        other.metadata = {"userinfo_endpoint": f"{party.idp.url}/userinfo"}
        theirs = Party(Club(api), other)
        reason = theirs.arrive(Api(), somebody())
        assert (reason.status_code, theirs.refusal()[:9]) == (503, "userinfo:")
        assert party.idp.asked("/userinfo") == 1
    party.idp.broken = {}
    ends = time.monotonic() + 60
    while party.arrive(Api(), somebody()).status_code != 303:
        assert time.monotonic() < ends
        time.sleep(0.2)
    assert party.sign_in(Api(), somebody())["access"]


def test_a_restart_while_the_provider_is_away_forgets_nothing(party):
    party.published_once()
    party.idp.broken = {DISCOVERY: Reply(500), "/keys": Reply(500)}
    assert party.sign_in(Api(), somebody())["access"]


HOSTILE_KEYS = [
    {"kty": ["RSA"]},
    {"kty": {}},
    {"kty": "RSA", "n": 1, "e": "AQAB"},
    {"kty": "EC", "crv": ["P-256"], "x": "x", "y": "y"},
    {"kty": "oct", "k": "eA"},
    "key",
    None,
]


@pytest.mark.parametrize(
    "change", [{"kid": "\x00"}, {"kid": ["first"]}, {"alg": {}}, {"x5c": "\x00"}]
)
def test_what_a_row_cannot_hold_is_not_written_into_it_nor_a_fault_of_ours(party, change):
    whole = party.idp.key.as_dict(private=False)
    listed = [*HOSTILE_KEYS, {**whole, "kid": "second", **change}, whole]
    party.idp.broken = {"/keys": Reply(parts=(json.dumps({"keys": listed}).encode(),))}
    party.idp.metadata = {
        "token_endpoint_auth_methods_supported": ["\x00", 7, "client_secret_basic"],
        "authorization_response_iss_parameter_supported": "\x00",
    }
    assert party.sign_in(Api(), somebody())["access"]
    row = OIDCSettings.objects.get(pk=party.connection.pk)
    assert "\x00" not in str([row.metadata, row.keys])
    assert "first" in [key["kid"] for key in row.keys["keys"]]
    assert {key["kty"] for key in row.keys["keys"]} == {"RSA"}


def test_keys_that_were_rotated_meanwhile_are_found(party):
    party.published_once()
    party.idp.key = jwk.generate_key("RSA", 2048, {"kid": "second"})
    party.idp.published = [party.idp.key]
    assert party.sign_in(Api(), somebody())["access"]
    row = OIDCSettings.objects.get(pk=party.connection.pk)
    assert [key["kid"] for key in row.keys["keys"]] == ["second"]


def test_a_row_of_another_issuer_is_not_believed(party):
    party.published_once()
    OIDCSettings.objects.update(metadata={"issuer": "https://evil.example"})
    party.idp.broken = {DISCOVERY: Reply(500)}
    assert unavailable(party, party.login(Api())) == "discovery: status 500"


def test_the_worker_learns_what_is_new_and_says_what_became_different(party):
    assert set(oidc_documents.refresh(read(party))) == {"metadata", "keys"}
    assert oidc_documents.refresh(read(party)) == {}
    party.idp.published = [jwk.generate_key("EC", "P-256", {"kid": "second"})]
    changes = oidc_documents.refresh(read(party))
    assert changes == {"keys": (["first"], ["second"])}
    party.idp.metadata = {"end_session_endpoint": f"{party.idp.url}/end"}
    changes = oidc_documents.refresh(read(party))
    assert changes["metadata"] == ({}, {"end_session_endpoint": f"{party.idp.url}/end"})


def test_what_was_good_last_stays_when_it_fails(party):
    oidc_documents.refresh(read(party))
    kept = OIDCSettings.objects.values("metadata", "keys").get()
    for broken in ({DISCOVERY: Reply(500)}, {"/keys": Reply(parts=(b"[]",))}):
        party.idp.broken = broken
        with pytest.raises(Refused):
            oidc_documents.refresh(read(party))
        assert OIDCSettings.objects.values("metadata", "keys").get() == kept
    assert party.sign_in(Api(), somebody())["access"]


def test_a_connection_that_was_pointed_elsewhere_meanwhile_is_left_alone(party):
    connection = read(party)
    OIDCSettings.objects.update(issuer="https://elsewhere.example")
    oidc_documents.refresh(connection)
    assert OIDCSettings.objects.get().metadata is None
    provider_documents.of.cache_clear()
