"""
An identity provider that is gone, then swallows what it is sent, then comes back.

Whoever is on the way there ends on a page that says to come back, soon and not after ten seconds;
what the provider published last stays; nobody else notices; and its breaker opens and closes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest

from plinto.kernel.environment import Address
from plinto.kernel.ids import uuid7
from tests.journeys import corporations
from tests.journeys.clients import Answer, Visitor
from tests.journeys.clubs import Club, founded
from tests.journeys.ledger import summary
from tests.journeys.monitoring import Monitoring
from tests.journeys.probers_of_openid import Browser
from tests.journeys.waiting import eventually
from tests.journeys.world import World
from tests.races import at_once
from tests.servers.fault_proxy import FaultProxy
from tests.servers.identity_provider import CLIENT, SECRET, IdentityProvider, Person
from tests.servers.plinto import WorkerProcess
from tests.servers.process import free_port

pytestmark = pytest.mark.journey

_REFRESH = """
SELECT failing_since IS NOT NULL, last_error FROM sso_refresh JOIN sso_connection ON
connection_id = sso_connection.id WHERE slug = %s
"""
_PUBLISHED = """
SELECT metadata, keys FROM sso_oidc_settings JOIN sso_connection ON
connection_id = sso_connection.id WHERE slug = %s
"""
_DUE = "UPDATE sso_refresh SET due_at = now()"


class Distant(IdentityProvider):
    """A provider at the far end of a network that fails on request."""

    def __init__(self) -> None:
        super().__init__()
        self.network = FaultProxy(("127.0.0.1", self._site.port))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.network.port}"

    @property
    def destination(self) -> Address:
        return Address("127.0.0.1", self.network.port)

    def stop(self) -> None:
        self.network.close()
        super().stop()


@pytest.fixture
def provider() -> Iterator[Distant]:
    with Distant() as distant:
        yield distant


def test_while_a_provider_is_away_its_people_are_told_so_and_nobody_else_notices(
    deploy, provider, figure
):
    port = free_port()
    world = deploy(
        with_static=True,
        OUTBOUND_ALLOWED=f"127.0.0.1:{provider.network.port}",
        METRICS_BIND=f"127.0.0.1:{port}",
    )
    monitoring = Monitoring(world, port)
    mine, others = ([world.visitor(email) for email in world.populate(2)] for _ in range(2))
    owner = mine[0]
    assert owner.sign_in().status == 200
    club, slug, domain = _openid_connection(world, owner, provider)
    assert mine[1].sign_in().status == 200
    corp = corporations.connected(world, mine[1])
    ada = Person(subject="ada", email=f"ada@{domain}")
    under_way = [
        Browser(world.caller(is_kept=False), provider, f"/sso/oidc/{slug}") for _ in "x" * 20
    ]
    assert under_way[0].sign_in(ada)
    [before] = world.sql(_PUBLISHED, slug)
    answers = [provider.approve(browser.begin(), ada) for browser in under_way]

    provider.network.set("refuse")
    told = [browser.come_back(said) for browser, said in zip(under_way, answers, strict=True)]
    _see_told(told)
    figure(f"refused: {summary(told)}")
    asked_again = [
        browser.come_back(said) for browser, said in zip(under_way, answers, strict=True)
    ]
    assert {answer.status for answer in asked_again} == {400}
    _see_doors_open(world, under_way[0], corp)
    elsewhere = [visitor.sign_in() for visitor in [*others, *others, *others]]
    assert {answer.status for answer in elsewhere} == {200}
    figure(f"passwords of other organizations meanwhile: {summary(elsewhere)}")
    _see_metadata_kept(world, slug, before)

    provider.network.set("ok")
    began = time.monotonic()
    eventually(lambda: _comes_in(under_way[1], ada), seconds=90, every=0.2)
    figure(f"back: somebody came in {time.monotonic() - began:.1f} s later")
    eventually(lambda: _lets_everybody_in(monitoring, under_way[1], ada), seconds=90, every=0.2)
    browsers = [Browser(world.caller(is_kept=False), provider, f"/sso/oidc/{slug}") for _ in "xyz"]
    answers = [provider.approve(browser.begin(), ada) for browser in browsers]
    provider.network.set("blackhole:0")
    told = at_once(lambda n: browsers[n].come_back(answers[n]), times=len(browsers))
    _see_told(told)
    assert max(answer.seconds for answer in told) < 10
    figure(f"black hole: {summary(told)}")
    trail = club.send(owner, "GET", "/audit?limit=100").body["results"]
    reasons = {row["reason"] for row in trail if row["action"] == "session.refused"}
    assert {"code: connection", "code: timeout"} <= reasons


def _openid_connection(world: World, owner: Visitor, provider: Distant) -> tuple[Club, str, str]:
    club = founded(world, owner)
    slug, domain = f"openid-{uuid4().hex[:12]}", f"{uuid4().hex}.example"
    world.sql(corporations.DOMAIN, uuid7(), club.id, domain, uuid4().hex)
    body = {
        "name": "Distant",
        "slug": slug,
        "issuer": provider.url,
        "client_id": CLIENT,
        "client_secret": SECRET,
    }
    made = club.send(owner, "POST", "/sso/oidc", body)
    assert made.status == 201, made.content
    return club, slug, domain


def _see_told(answers: list[Answer]) -> None:
    """Let each be a page that says to come back, and under which id it is known."""
    for answer in answers:
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Content-Type"].startswith("text/html")
        assert answer.headers["X-Request-ID"] in answer.content.decode()


def _see_doors_open(world: World, browser: Browser, corp: corporations.Corporation) -> None:
    """Let both kinds of doors send browsers out by what the providers said last."""
    assert browser.begin().startswith(browser.idp.url)
    assert corp.begin(corporations.Browser(world.caller(is_kept=False))).relay_state


def _see_metadata_kept(world: World, slug: str, before: tuple[object, ...]) -> None:
    world.sql(_DUE)
    with WorkerProcess.start(world.web.environment, "--queues=provider metadata"):
        eventually(lambda: world.sql(_REFRESH, slug)[0][0], seconds=60)
    assert world.sql(_PUBLISHED, slug) == [before]


def _comes_in(browser: Browser, person: Person) -> bool:
    back = browser.come_back(browser.idp.approve(browser.begin(), person))
    return back.status == 303


def _lets_everybody_in(monitoring: Monitoring, browser: Browser, person: Person) -> bool:
    """Come in once more, and tell whether no process keeps from the provider any longer."""
    figures = monitoring.figures()
    kept_away = [figures["plinto_breakers", "provider:*", state] for state in ("open", "half_open")]
    return _comes_in(browser, person) and not any(kept_away)
