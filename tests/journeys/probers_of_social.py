"""The prober of sign-in at providers: only who began comes in, once, and not after unlinking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accounts import social_controls
from tests.accounts.travellers import APP, EXCHANGE, IDENTITIES
from tests.journeys.clients import Answer, Caller
from tests.journeys.scene import Scene, proves
from tests.races import at_once
from tests.servers.identity_provider import (
    IdentityProvider,
    Person,
    callback_path,
    redirected,
)


@dataclass
class Browser:
    """A browser at a network of its own, whom any worker may answer."""

    caller: Caller
    idp: IdentityProvider
    cookie: str = ""

    def begin(self) -> str:
        answer = self.caller.send(
            "POST", f"/api/v1/auth/social/{self.idp.name}/start", {"redirect_uri": APP}
        )
        assert answer.status == 200, answer.content
        self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return str(answer.body["authorization_url"])

    def come_back(self, answer: dict[str, str]) -> Answer:
        return self.caller.send("GET", callback_path(answer), headers={"Cookie": self.cookie})

    def code(self, person: Person) -> str:
        """Go there and back."""
        back = self.come_back(self.idp.approve(self.begin(), person))
        assert back.status == 303
        return redirected(back.headers["Location"])["code"]

    def exchange(self, code: str, *, by: Caller | None = None) -> Answer:
        return (by or self.caller).send(
            "POST", EXCHANGE, {"code": code}, headers={"Cookie": self.cookie}
        )


@proves(social_controls.SOCIAL_SIGN_IN)
def only_who_began_comes_in_once(scene: Scene) -> Iterator[None]:
    assert scene.idp is not None
    browser, stranger = (Browser(scene.caller(), scene.idp) for _ in range(2))
    ada, unlinked = Person(), Person()
    [owner] = scene.world.populate(1)
    tokens = browser.exchange(browser.code(ada)).body
    gone = browser.exchange(browser.code(unlinked)).body
    yield
    answer = scene.idp.approve(browser.begin(), ada)
    stranger.begin()
    assert stranger.come_back(answer).status == 400
    back = browser.come_back(answer)
    assert (back.status, browser.come_back(answer).status) == (303, 400)
    code = redirected(back.headers["Location"])["code"]
    assert stranger.exchange(code).status == 401
    callers = [scene.caller() for _ in range(3)]
    racers = at_once(lambda n: browser.exchange(code, by=callers[n]), times=3)
    assert sorted(each.status for each in racers) == [200, 401, 401]
    assert {each.body["user"]["id"] for each in racers if each.status == 200} == {
        tokens["user"]["id"]
    }
    # An address alone opens nobody's account.
    assert browser.exchange(browser.code(Person(email=owner))).status == 409
    _unlink(scene, gone)
    assert browser.exchange(browser.code(unlinked)).status == 409


def _unlink(scene: Scene, tokens: dict[str, str]) -> None:
    """Remove the identity of somebody who has set a password meanwhile."""
    caller, access = scene.caller(), tokens["access"]
    [identity] = caller.send("GET", IDENTITIES, token=access).body["results"]
    path = f"{IDENTITIES}/{identity['id']}"
    assert caller.send("DELETE", path, token=access).status == 409
    scene.world.sql(
        "UPDATE accounts_user SET password = (SELECT password FROM accounts_user WHERE "
        "password LIKE 'argon2%%' LIMIT 1) WHERE id = %s",
        tokens["user"]["id"],  # type: ignore[index]
    )
    assert caller.send("DELETE", path, token=access).status == 204
