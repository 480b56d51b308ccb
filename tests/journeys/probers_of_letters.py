"""The probers of what comes by mail: links that sign in, and addresses that change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

from accounts import letter_controls
from tests.journeys.clients import Answer, Visitor
from tests.journeys.scene import Scene, everywhere, proves, token_in
from tests.races import at_once


@proves(letter_controls.MAGIC_LINKS)
def magic_links_work_once(scene: Scene) -> Iterator[None]:
    emails = [scene.visitor().email for _ in range(2)]
    used, waiting = (_mailed(scene, email) for email in emails)
    assert _enter(scene, used).status == 200
    yield
    assert _enter(scene, used).status == 401
    racers = at_once(lambda _: _enter(scene, waiting).status, times=4)
    assert sorted(racers) == [200, 401, 401, 401]
    assert {_enter(scene, waiting).status for _ in range(4)} == {401}


def _mailed(scene: Scene, email: str) -> str:
    asked = scene.caller().send("POST", "/api/v1/auth/magic-link", {"email": email})
    assert asked.status == 202
    return token_in(scene.letter(email))


def _enter(scene: Scene, token: str) -> Answer:
    return scene.caller().send("POST", "/api/v1/auth/magic-link/verify", {"token": token})


@proves(letter_controls.ADDRESS_CHANGES)
def an_address_moves_to_one_person_and_back_once(scene: Scene) -> Iterator[None]:
    racers, name = [scene.signed_in(), scene.signed_in()], uuid4().hex
    # Two spellings of one address, so that each letter is found.
    codes = [_wished(scene, racers[0], f"A{name}@example.com")]
    yield
    codes.append(_wished(scene, racers[1], f"a{name}@example.com"))
    statuses = at_once(lambda n: _confirm(racers[n], codes[n]).status, times=2)
    assert sorted(statuses) == [200, 409]
    winner, loser = racers[statuses.index(200)], racers[statuses.index(409)]
    assert {winner.me().body["email"].lower() for _ in range(8)} == {f"a{name}@example.com"}
    assert {loser.me().body["email"] for _ in range(8)} == {loser.email}
    back = token_in(scene.letter(winner.email))
    undone = at_once(lambda _: _undo(scene, back).status, times=4)
    assert sorted(undone) == [204, 401, 401, 401]
    assert everywhere(winner.me) == {401}
    assert (winner.go_on().status, winner.sign_in().status) == (401, 401)
    assert {_undo(scene, back).status for _ in range(4)} == {401}


def _wished(scene: Scene, visitor: Visitor, email: str) -> str:
    assert visitor.send("POST", "/me/email", {"email": email}).status == 202
    return re.findall(r"\b\d{6}\b", scene.letter(email))[0]


def _confirm(visitor: Visitor, code: str) -> Answer:
    return visitor.send("POST", "/me/email/confirm", {"code": code})


def _undo(scene: Scene, token: str) -> Answer:
    return scene.caller().send("POST", "/api/v1/auth/email/undo", {"token": token})


@proves(letter_controls.NEWS_OF_SIGN_INS)
def a_new_network_is_news(scene: Scene) -> Iterator[None]:
    owner = scene.signed_in()
    yield
    elsewhere = scene.visitor(owner.email)
    assert elsewhere.sign_in().status == 200
    assert elsewhere.caller.address in scene.letter(owner.email)
