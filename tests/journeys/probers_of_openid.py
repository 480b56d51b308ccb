"""The prober of OpenID connections: only who began comes in, once, and the provider ends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode
from uuid import uuid4

from sso import oidc_controls as controls
from tests.accounts.travellers import EXCHANGE
from tests.journeys.clients import Answer, Caller
from tests.journeys.clubs import founded
from tests.journeys.scene import Scene, everywhere, proves
from tests.races import at_once
from tests.servers.identity_provider import (
    CLIENT,
    SECRET,
    IdentityProvider,
    Person,
    redirected,
)

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Browser:
    """A browser at a network of its own, whom any worker may answer."""

    caller: Caller
    idp: IdentityProvider
    path: str
    cookie: str = ""

    def begin(self) -> str:
        answer = self.caller.send("GET", f"{self.path}/login")
        assert answer.status == 303, answer.content
        self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return str(answer.headers["Location"])

    def come_back(self, answer: dict[str, str], *, by: Caller | None = None) -> Answer:
        path = f"{self.path}/callback?{urlencode(answer, quote_via=quote)}"
        return (by or self.caller).send("GET", path, headers={"Cookie": self.cookie})

    def exchange(self, code: str) -> Answer:
        return self.caller.send("POST", EXCHANGE, {"code": code}, headers={"Cookie": self.cookie})

    def sign_in(self, person: Person) -> str:
        """Go there and back and in; returns the access token."""
        back = self.come_back(self.idp.approve(self.begin(), person))
        assert back.status == 303, back.content
        entered = self.exchange(redirected(back.headers["Location"])["code"])
        assert entered.status == 200, entered.content
        return str(entered.body["access"])


@proves(controls.OIDC_CONNECTIONS)
def only_who_began_comes_in_once_and_the_provider_ends_it(scene: Scene) -> Iterator[None]:
    assert scene.idp is not None
    path, domain = _connected(scene)
    browser, stranger = (Browser(scene.caller(), scene.idp, path) for _ in range(2))
    ada, grace = (Person(subject=name, email=f"{name}@{domain}") for name in ("ada", "grace"))
    access, kept = browser.sign_in(ada), browser.sign_in(grace)
    yield
    answer = scene.idp.approve(browser.begin(), ada)
    stranger.begin()
    assert stranger.come_back(answer).status == 400
    callers = [scene.caller() for _ in range(3)]
    racers = at_once(lambda n: browser.come_back(answer, by=callers[n]), times=3)
    assert sorted(each.status for each in racers) == [303, 400, 400]
    callback = f"{path}/backchannel-logout"
    news = urlencode({"logout_token": scene.idp.logout_token("ada")}).encode()
    told = at_once(lambda n: callers[n].send("POST", callback, news, headers=_FORM), times=3)
    assert sorted(each.status for each in told) == [200, 400, 400]
    assert everywhere(lambda: _me(scene, access)) == {401}
    assert everywhere(lambda: _me(scene, kept)) == {200}


def _connected(scene: Scene) -> tuple[str, str]:
    """Make an organization with a domain and a connection to the provider of the scene."""
    assert scene.idp is not None
    assert scene.names is not None
    club = founded(scene.world, scene.signed_in())
    domain = f"{uuid4().hex}.example"
    added = club.send(club.owner, "POST", "/domains", {"domain": domain}).body
    scene.names.place(added["record"])
    assert club.send(club.owner, "POST", f"/domains/{added['id']}/verify").status == 200
    body = {
        "name": "Engines",
        "slug": f"openid-{uuid4().hex[:12]}",
        "issuer": scene.idp.url,
        "client_id": CLIENT,
        "client_secret": SECRET,
    }
    made = club.send(club.owner, "POST", "/sso/oidc", body)
    assert made.status == 201, made.content
    return f"/sso/oidc/{body['slug']}", domain


def _me(scene: Scene, access: str) -> Answer:
    return scene.caller().send("GET", "/api/v1/me", token=access)
