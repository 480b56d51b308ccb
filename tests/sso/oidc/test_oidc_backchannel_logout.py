"""The provider says that somebody has signed out (OpenID Connect Back-Channel Logout 1.0)."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlencode

import pytest
from joserfc import jwk, jwt

from accounts.models import Session
from audit.models import AuditRow
from tests.accounts.organizations import Club
from tests.api import Api
from tests.races import at_once
from tests.servers.forged_tokens import by_secret
from tests.servers.identity_provider import CLIENT, LOGOUT_EVENT
from tests.servers.website import Reply
from tests.sso.oidc.relying import Party, somebody

FORM = "application/x-www-form-urlencoded"
ME = "/api/v1/me"


def tell(party: Party, token: str, **fields: str):
    form = urlencode({"logout_token": token, **fields})
    return Api().post(f"{party.path}/backchannel-logout", form, content_type=FORM)


def came(party: Party, name: str = "ada", **claims) -> str:
    """Let somebody come in, and return their access token."""
    party.idp.claims = claims
    return str(party.sign_in(Api(), somebody(name))["access"])


def lives(access: str) -> bool:
    return Api().get(ME, token=access).status_code == 200


@pytest.mark.asvs("10.5.5")
def test_whom_the_provider_signs_out_is_refused_at_the_next_request(party):
    ada, adas, grace = came(party), came(party), came(party, "grace")
    answer = tell(party, party.idp.logout_token("ada"))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["Cache-Control"] == "no-store"
    assert [lives(each) for each in (ada, adas, grace)] == [False, False, True]
    ended = Session.objects.exclude(ended_at=None)
    assert {row.end_reason for row in ended} == {"signed out at the identity provider"}
    assert AuditRow.objects.filter(action="session.ended").count() == 2


def test_a_session_of_the_provider_ends_the_one_that_came_of_it(party):
    first, second = came(party, sid="one"), came(party, sid="two")
    assert tell(party, party.idp.logout_token(sid="one")).status_code == 200
    assert [lives(each) for each in (first, second)] == [False, True]
    assert tell(party, party.idp.logout_token("ada", sid="two")).status_code == 200
    assert not lives(second)


def test_a_session_whose_number_was_never_told_ends_with_any_of_its_person(party):
    ada, grace = came(party), came(party, "grace")
    assert tell(party, party.idp.logout_token("ada", sid="unheard of")).status_code == 200
    assert [lives(each) for each in (ada, grace)] == [False, True]
    assert tell(party, party.idp.logout_token(sid="unheard of")).status_code == 200
    assert lives(grace)


def test_somebody_who_is_not_signed_in_is_no_error(party):
    assert tell(party, party.idp.logout_token("nobody")).status_code == 200


def test_the_kind_of_older_providers_is_taken_and_so_is_none(party):
    for kind in ("JWT", "application/logout+jwt", None):
        access = came(party)
        party.idp.header = {"typ": kind} if kind else {}
        assert tell(party, party.idp.logout_token("ada")).status_code == 200
        party.idp.header = {}
        assert not lives(access)


EVENTS = {LOGOUT_EVENT: {}}
WRONG = {
    "of another issuer": ({"iss": "https://evil.example"}, "token: issuer"),
    "for another client": ({"aud": "another"}, "token: audience"),
    "for several clients": ({"aud": [CLIENT, "another"]}, "token: authorized party"),
    "expired": ({"exp": 1_000_000_000}, "token: expired"),
    "that never expires": ({"exp": None}, "token: times"),
    "issued long ago": ({"iat": 1_000_000_000}, "token: issued at"),
    "issued at no time": ({"iat": None}, "token: times"),
    "without an id": ({"jti": None}, "logout: id"),
    "with an id that is a list": ({"jti": ["x"]}, "logout: id"),
    "without an event": ({"events": None}, "logout: event"),
    "with an event that is text": ({"events": LOGOUT_EVENT}, "logout: event"),
    "with an event of no form": ({"events": {LOGOUT_EVENT: True}}, "logout: event"),
    "of another event": ({"events": {f"{LOGOUT_EVENT}/x": {}}}, "logout: event"),
    "with a nonce": ({"nonce": "x"}, "logout: nonce"),
    "about nobody": ({"sub": None}, "logout: nobody"),
    "about a number": ({"sub": 7}, "subject"),
    "about a session that is a list": ({"sub": None, "sid": ["x"]}, "logout: nobody"),
}


@pytest.mark.asvs("10.5.5")
def test_a_token_that_means_something_else_signs_nobody_out(party):
    access = came(party)
    for what, (claims, reason) in WRONG.items():
        answer = tell(party, party.idp.logout_token("ada", **claims))
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"}), what
        assert answer["Cache-Control"] == "no-store"
        assert party.refusal() == f"sign-out: {reason}", what
    assert lives(access)


def forged(party: Party) -> dict[str, str]:
    idp = party.idp
    claims = jwt.decode(idp.logout_token("ada"), idp.key).claims
    stranger = jwk.generate_key("RSA", 2048)
    return {
        "missing": "",
        "no token": "not.a.token",
        "too long": "x" * 20_000,
        "signed by a stranger": jwt.encode({"alg": "RS256", "kid": "first"}, claims, stranger),
        "signed with the public key": by_secret(idp.key.as_pem(private=False))(claims),
        "of another kind": jwt.encode({"alg": "RS256", "typ": "at+jwt"}, claims, idp.key),
        "an id token": idp.signed_now("ada"),
    }


def test_a_forged_token_signs_nobody_out(party):
    access = came(party)
    for what, token in forged(party).items():
        assert tell(party, token).status_code == 400, what
        assert party.refusal().startswith("sign-out: "), what
    assert lives(access)


def test_a_logout_token_is_no_id_token(party):
    token = party.idp.logout_token("ada")
    party.idp.forge = lambda claims: token
    assert party.arrive(Api(), somebody()).status_code == 400
    assert party.refusal() == "token: kind"


def test_a_token_counts_once_however_often_it_comes_at_once(party):
    token = party.idp.logout_token("ada")
    statuses = at_once(lambda _: tell(party, token).status_code, times=6)
    assert Counter(statuses) == {200: 1, 400: 5}
    again = came(party)
    assert tell(party, token).status_code == 400
    assert lives(again)


def test_a_provider_signs_nobody_out_of_another_connection(api, party):
    other = Party(Club(api), party.idp)
    access = came(party)
    assert tell(other, party.idp.logout_token("ada")).status_code == 200
    assert lives(access)


def test_a_connection_that_is_off_and_one_that_never_was_answer_alike(party):
    token = party.idp.logout_token("ada")
    party.connection.is_enabled = False
    party.connection.save()
    nowhere = Api().post(
        "/sso/oidc/nowhere/backchannel-logout",
        urlencode({"logout_token": token}),
        content_type=FORM,
    )
    assert tell(party, token).status_code == nowhere.status_code == 404
    assert tell(party, token).json() == nowhere.json()


def test_a_provider_whose_keys_are_not_to_be_had_is_told_to_try_again(party):
    party.idp.broken = {"/keys": Reply(500)}
    answer = tell(party, party.idp.logout_token("ada"))
    assert (answer.status_code, answer.json()) == (503, {"error": "temporarily_unavailable"})
    assert int(answer["Retry-After"]) > 0
    party.idp.broken = {}
    assert tell(party, party.idp.logout_token("ada")).status_code == 200


def test_other_bodies_and_methods_are_refused(party):
    path = f"{party.path}/backchannel-logout"
    assert Api().post(path, {"logout_token": "x"}).status_code == 415
    assert (
        Api().post(path, "logout_token=\xff".encode("latin-1"), content_type=FORM).status_code
        == 400
    )
    assert Api().get(path).status_code == 405
