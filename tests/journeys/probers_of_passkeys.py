"""The prober of passkeys: they let their person in, once for each answer, and no one else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from accounts.passkey_controls import PASSKEYS
from tests.accounts.authenticators import Authenticator
from tests.journeys.clients import Answer, Caller, Visitor
from tests.journeys.scene import Scene, everywhere, proves
from tests.journeys.world import World
from tests.races import at_once

_LOGIN = "/api/v1/auth/login/passkey"


@dataclass
class Holder:
    """Somebody with a passkey, whom any worker may answer."""

    visitor: Visitor
    key: Authenticator
    passkey_id: str

    def answer(self) -> dict[str, Any]:
        """What the authenticator answers to a new challenge."""
        options = self.visitor.caller.send("POST", f"{_LOGIN}/options", {})
        assert options.status == 200
        return self.key.get(options.body)

    def enter(self, passkey: dict[str, Any], *, by: Caller | None = None) -> Answer:
        caller = by or self.visitor.caller
        return caller.send("POST", _LOGIN, {"passkey": passkey})


def holder(world: World, visitor: Visitor) -> Holder:
    """Let somebody who is signed in add a passkey."""
    key = Authenticator(origin=world.web.url)
    options = visitor.send("POST", "/me/passkeys/options", {})
    assert options.status == 200
    added = visitor.send("POST", "/me/passkeys", {"passkey": key.create(options.body)})
    assert added.status == 201
    return Holder(visitor, key, added.body["id"])


@proves(PASSKEYS)
def passkeys_let_their_person_in_once(scene: Scene) -> Iterator[None]:
    owner, other, gone = (holder(scene.world, scene.signed_in()) for _ in range(3))
    before = owner.answer()
    assert owner.enter(before).status == 200
    waiting = gone.answer()
    assert gone.visitor.send("DELETE", f"/me/passkeys/{gone.passkey_id}").status == 204
    yield
    assert owner.enter(before).status == 401
    assert gone.enter(waiting).status == 401
    passkey = owner.answer()
    racers = at_once(lambda _: owner.enter(passkey, by=scene.caller()), times=3)
    assert sorted(answer.status for answer in racers) == [200, 401, 401]
    # Without the passkey the password gets a question and no session.
    assert "access" not in owner.visitor.sign_in().body
    owner.key.origin = "https://evil.example"
    assert owner.enter(owner.answer()).status == 401
    passkey = other.answer()
    assert other.visitor.send("DELETE", f"/me/passkeys/{other.passkey_id}").status == 204
    assert everywhere(lambda: other.enter(passkey)) <= {401, 429}
    assert everywhere(owner.visitor.me) == {200}
