"""The probers of the ways in: signing up, signing in, going on, and what is counted there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from accounts import controls
from resilience import controls as resilience_controls
from tests.factories import PASSWORD
from tests.journeys.clients import Answer, Caller, Visitor
from tests.journeys.scene import AGREED, Scene, everywhere, proves
from tests.races import at_once

Probe = Iterator[None]

NEW_PASSWORD = "another battery horse staple"
# Limits of a deployment that is tried: one that the database counts without Redis, and one that
# each process counts.
RESENDS, STRANGERS = 6, 60
_ATTEMPTS = 10  # accounts.services.attempts.STRANGER


@proves(controls.SIGN_IN)
def people_who_may_come_in_do(scene: Scene) -> Probe:
    known = scene.signed_in()
    yield
    assert everywhere(known.me) == {200}
    assert known.go_on().status == 200
    assert known.send("POST", "/auth/reauthenticate", {"password": PASSWORD}).status == 204
    visitor = scene.visitor()
    assert visitor.sign_in("not the password").status == 401
    assert visitor.sign_in().status == 200
    assert everywhere(visitor.me) == {200}
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert visitor.send("POST", "/me/password", change).status == 204
    assert (visitor.sign_in(PASSWORD).status, visitor.sign_in(NEW_PASSWORD).status) == (401, 200)
    assert visitor.send("POST", "/auth/logout/all").status == 204
    assert everywhere(visitor.me) == {401}


@proves(controls.SIGN_UP)
def people_sign_up_and_get_their_letter(scene: Scene) -> Probe:
    known = scene.visitor()
    yield
    taken = {"email": known.email, "password": PASSWORD, **AGREED}
    assert known.caller.send("POST", "/api/v1/auth/register", taken).status == 202
    assert "account already" in scene.letter(known.email)
    [proof] = scene.registered()
    assert _verify(scene, proof, "email", "code").status == 200
    assert scene.visitor(proof["email"]).sign_in().status == 200


@proves(controls.MAILBOX_PROOFS)
def codes_and_links_work_once(scene: Scene) -> Probe:
    used, by_code, by_link = scene.registered(3)
    assert _verify(scene, used, "email", "code").status == 200
    yield
    assert _verify(scene, used, "email", "code").status == 401
    assert _verify(scene, used, "token").status == 401
    racers = at_once(lambda _: _verify(scene, by_code, "email", "code").status, times=4)
    assert sorted(racers) == [200, 401, 401, 401]
    assert _verify(scene, by_code, "token").status == 401
    assert _verify(scene, by_link, "token").status == 200
    assert {_verify(scene, by_link, "token").status for _ in range(4)} == {401}


def _verify(scene: Scene, proof: dict[str, str], *names: str) -> Answer:
    body = {name: proof[name] for name in (*names, "registration")}
    return scene.caller().send("POST", "/api/v1/auth/verify-email", body)


@proves(controls.REFRESH_REUSE)
def a_spent_refresh_token_ends_its_session(scene: Scene) -> Probe:
    victim, racer = scene.signed_in(), scene.signed_in()
    elsewhere, spent = scene.signed_in(victim.email), victim.refresh
    assert victim.go_on().status == 200
    _let_the_grace_pass(scene, victim)
    yield
    assert everywhere(victim.me) == {200}
    assert _refresh(scene, spent).body["error"] == "REFRESH_TOKEN_REUSED"
    assert (everywhere(victim.me), victim.go_on().status) == ({401}, 401)
    assert (everywhere(elsewhere.me), elsewhere.go_on().status) == ({200}, 200)
    twins = at_once(lambda _: _refresh(scene, racer.refresh), times=8)
    assert {answer.status for answer in twins} == {200}
    assert len({answer.body["refresh"] for answer in twins}) == 1
    _let_the_grace_pass(scene, racer)
    assert _refresh(scene, racer.refresh).body["error"] == "REFRESH_TOKEN_REUSED"
    assert everywhere(racer.me) == {401}


def _refresh(scene: Scene, token: str) -> Answer:
    return scene.caller().send("POST", "/api/v1/auth/token/refresh", {"refresh": token})


def _let_the_grace_pass(scene: Scene, visitor: Visitor) -> None:
    scene.world.sql(
        "UPDATE accounts_session SET refreshed_at = refreshed_at - interval '11 seconds'"
        " WHERE id = %s",
        visitor.session_id,
    )


@proves(controls.LOCKOUT)
def a_count_goes_on_and_a_full_one_stays_full(scene: Scene) -> Probe:
    owner = scene.signed_in()

    def guess() -> int:
        return scene.visitor(owner.email).sign_in("a guess from anywhere").status

    half = _ATTEMPTS // 2
    assert [guess() for _ in range(half)] == [401] * half
    yield
    statuses = at_once(lambda _: guess(), times=_ATTEMPTS)
    assert sorted(statuses) == [401] * half + [429] * half
    assert {scene.visitor(owner.email).sign_in().status for _ in range(4)} == {429}
    assert (everywhere(owner.me), owner.sign_in().status) == ({200}, 200)


@proves(controls.PASSWORD_HASHING)
def a_crowd_waits_for_its_turn(scene: Scene) -> Probe:
    crowd = [scene.visitor() for _ in range(8)]
    yield
    answers = at_once(lambda number: crowd[number].sign_in(), times=len(crowd))
    busy = [answer for answer in answers if answer.status != 200]
    assert len(busy) < len(crowd)
    assert {answer.status for answer in busy} <= {503}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in busy)


@proves(resilience_controls.REQUEST_RATES)
def limits_are_held_by_whoever_can_count(scene: Scene) -> Probe:
    full, fresh = scene.network(), scene.network()
    assert Counter(_resend(scene.to_any(full)).status for _ in range(RESENDS)) == {202: RESENDS}
    assert Counter(_keys(scene.to_any(full)).status for _ in range(STRANGERS)) == {200: STRANGERS}
    # Each worker hears from Redis that these are full, and remembers it.
    assert _refusing(scene, full) == {429}
    yield
    if scene.state != "empty":
        assert _refusing(scene, full) == {429}
    resends = [_resend(scene.to_any(fresh)) for _ in range(RESENDS + 2)]
    looks = [_keys(scene.to_any(fresh)) for _ in range(STRANGERS + 10)]
    assert Counter(answer.status for answer in resends)[202] in range(1, RESENDS + 1)
    assert Counter(answer.status for answer in looks)[200] in range(1, STRANGERS + 1)
    refused = [answer for answer in resends + looks if answer.status == 429]
    assert len(refused) >= 12
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)


def _refusing(scene: Scene, network: str) -> set[int]:
    callers = scene.to_each(network)
    return {ask(caller).status for caller in callers for ask in (_resend, _keys)}


def _resend(caller: Caller) -> Answer:
    body = {"email": "nobody@example.com"}
    return caller.send("POST", "/api/v1/auth/verify-email/resend", body)


def _keys(caller: Caller) -> Answer:
    return caller.send("GET", "/.well-known/jwks.json")
