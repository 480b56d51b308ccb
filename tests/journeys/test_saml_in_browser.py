"""
SAML in a real browser: the provider's site posts across sites, without the cookie, and still only
the browser that asked is signed in.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from html import escape
from urllib.parse import parse_qsl, urlsplit

import pytest
from lxml import etree

from tests.journeys import chromium
from tests.journeys.corporations import Corporation, connected
from tests.journeys.world import deployed
from tests.servers.website import Asked as Visit
from tests.servers.website import Reply, Website
from tests.sso.saml_travellers import Asked, read

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("browser")]

PATIENCE = 60_000


class Provider:
    """A provider on another site, which vouches for ada without asking, and an application."""

    def __init__(self) -> None:
        self.corp: Corporation | None = None
        self.site = Website(self._answer)

    def _answer(self, visit: Visit) -> Reply:
        page = {"/sso": self._vouch, "/app": lambda _: "<h1>In the application</h1>"}
        content = page[urlsplit(visit.path).path](visit)
        return Reply(headers={"Content-Type": "text/html"}, parts=(content.encode(),))

    def _vouch(self, visit: Visit) -> str:
        assert self.corp is not None
        if visit.method == "POST":
            form = dict(parse_qsl(visit.body.decode()))
            document = etree.fromstring(base64.b64decode(form["SAMLRequest"]))
            asked = Asked(document.get("ID"), form["RelayState"], document)
        else:
            asked = read(visit.path)
        fields = {"SAMLResponse": self.corp.answer(asked), "RelayState": asked.relay_state}
        inputs = "".join(
            f'<input type="hidden" name="{name}" value="{escape(value)}">'
            for name, value in fields.items()
        )
        return (
            f'<form method="post" action="{self.corp.service.acs_url}">{inputs}</form>'
            "<script>document.forms[0].submit()</script>"
        )


@pytest.fixture
def provider() -> Iterator[Provider]:
    found = Provider()
    with found.site:
        yield found


def test_a_browser_is_signed_in_across_sites_and_another_is_not(shared_postgres, provider):
    url = provider.site.url
    # Another site than 127.0.0.1, where the provider is.
    with (
        deployed(shared_postgres, with_static=True, public_host="localhost") as world,
        chromium.launched() as browser,
    ):
        [email] = world.populate(1)
        owner = world.visitor(email)
        assert owner.sign_in().status == 200
        corp = connected(world, owner, sso_url=f"{url}/sso")
        provider.corp = corp
        world.sql(
            "UPDATE sso_connection SET redirect_uris = %s WHERE slug = %s",
            json.dumps([f"{url}/app"]),
            corp.slug,
        )
        door = f"{world.web.environment['PUBLIC_URL']}{corp.path}/login"
        for binding in ("redirect", "post"):
            world.sql("UPDATE sso_saml_settings SET sso_binding = %s", binding)
            with chromium.opened(browser) as tab:
                handles: list[str] = []
                tab.on("request", lambda request, seen=handles: seen.append(request.url))
                tab.goto(door, timeout=PATIENCE)
                tab.wait_for_url(f"{url}/app?code=*", timeout=PATIENCE)
                posts = [seen for seen in handles if "/acs?handle=" in seen]
                assert len(posts) == 1
            with chromium.opened(browser) as other:
                other.goto(posts[0], timeout=PATIENCE)
                assert "You are not signed in" in other.inner_text("main")
