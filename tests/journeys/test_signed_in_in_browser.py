"""Plinto's own page at the end of a sign-in, in a real browser against the production server."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.browsers import cookie_name
from plinto.kernel.crypto import new_token
from tests.journeys import chromium
from tests.journeys.clients import Caller, Visitor
from tests.journeys.mailed import registered
from tests.servers.plinto import PlintoServer, WorkerProcess, manage

# One group: two browsers never compete.
pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("browser")]

expect.set_options(timeout=15_000)
_VOUCH = """
from django.utils import timezone
from accounts.models import Identity, Organization, User
from accounts.services import arrivals
from accounts.services.federation import Voucher
from sso.models import Connection
now, email = timezone.now(), {email!r}
club = Organization.objects.create(name="Club", slug={slug!r}, created_at=now)
corp = Connection.objects.create(
    organization=club, slug={slug!r}, name="Corp", protocol="saml", created_at=now, updated_at=now
)
Identity.objects.create(
    user=User.objects.get(email=email), provider="saml", connection_id=corp.pk, subject="1",
    created_at=now,
)
voucher = Voucher(
    connection_id=corp.pk, organization_id=club.pk, protocol="saml", subject="1", email=email
)
print(arrivals.offer(voucher, redirect_uri="", browser={browser!r}, now=now))
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.launched() as started:
        yield started


@pytest.fixture(scope="module")
def web(browser: Browser) -> Iterator[PlintoServer]:
    with (
        PlintoServer.start(with_static=True, WEB_WORKERS="1") as server,
        WorkerProcess.start(server.environment),
    ):
        yield server


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with chromium.opened(browser) as tab:
        yield tab


def code_for(email: str, web: PlintoServer, page: Page) -> str:
    """Let a provider have vouched for somebody, and their browser have come as far as the page."""
    token = new_token("plb_")
    script = _VOUCH.format(email=email, slug=f"club-{uuid4().hex[:8]}", browser=token)
    printed = manage("shell", "-v", "0", "-c", script, environment=web.environment)
    page.context.add_cookies([{"name": cookie_name(), "value": token, "url": web.url}])
    return printed.split()[-1]


def test_a_code_signs_in_by_itself_once_and_stays_in_no_address(web, page):
    visitor = Visitor(Caller(web.port, is_kept=False), f"{uuid4().hex}@example.com")
    token = registered(web, visitor).partition("#token=")[2]
    assert visitor.send("POST", "/auth/verify-email", {"token": token}).status == 200
    code = code_for(visitor.email, web, page)
    page.goto(f"{web.url}/signed-in?code={code}")
    expect(page.get_by_role("heading", name="You are signed in")).to_be_focused()
    expect(page.get_by_text(visitor.email)).to_be_visible()
    assert page.url == f"{web.url}/signed-in"
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_focused()
    page.goto(f"{web.url}/signed-in?code={code}")
    expect(page.get_by_role("heading", name="You could not be signed in")).to_be_focused()
    page.goto(f"{web.url}/signed-in")
    expect(page.get_by_role("heading", name="Nobody was signed in")).to_be_visible()
