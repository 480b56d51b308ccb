"""
Webhooks in a real browser, under the production CSP: endpoints, the log, and their documentation.

``JOURNEY_SCREENSHOTS=1`` renews ``docs/images``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from plinto.kernel.ids import uuid7
from tests.factories import PASSWORD
from tests.journeys import chromium
from tests.journeys.clubs import Club, founded
from tests.journeys.world import World, deployed
from tests.servers.plinto import ROOT
from tests.servers.postgres import PostgresServer

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("browser")]

WITH_SCREENSHOTS = bool(os.environ.get("JOURNEY_SCREENSHOTS"))
ENDPOINTS = "/admin/webhooks/endpoint/"
# A busy machine takes its time over a page; nothing here is about how long.
PATIENCE = 60_000
_PROMOTION = """
UPDATE accounts_user SET email = %s, email_key = %s, is_staff = true, is_superuser = true
WHERE email = %s
"""
_DELIVERY = """
INSERT INTO webhooks_delivery (id, endpoint_id, event_id, type, created_at, scheduled_at, tries,
    due_at, attempts, state, settled_at, last_error)
VALUES (%s, %s, %s, %s, now(), now(), %s, now(), %s, %s, %s, %s)
"""
_ATTEMPT = """
INSERT INTO webhooks_attempt
    (id, delivery_id, started_at, milliseconds, status, error, headers, body)
VALUES (%s, %s, now(), %s, %s, '', '{}', %s)
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.launched() as started:
        yield started


@pytest.fixture(scope="module")
def world(browser: Browser, shared_postgres: PostgresServer) -> Iterator[World]:
    # The browser comes first, so that a machine without one starts nothing in vain.
    with deployed(shared_postgres, with_static=True) as world:
        yield world


@pytest.fixture
def page(browser: Browser, world: World) -> Iterator[Page]:
    """The list of endpoints, in front of a superuser."""
    [before], email = world.populate(1), f"ada-{uuid4().hex[:6]}@example.com"
    world.sql(_PROMOTION, email, email, before)
    with chromium.opened(browser, viewport={"width": 1600, "height": 800}) as tab:
        tab.set_default_timeout(PATIENCE)
        tab.goto(world.web.url + ENDPOINTS)
        tab.get_by_label("Email").fill(email)
        tab.get_by_label("Password").fill(PASSWORD)
        tab.get_by_role("button", name="Log in").click()
        expect(tab.get_by_role("link", name="Add endpoint")).to_be_visible(timeout=PATIENCE)
        yield tab


def keep_picture(page: Page, name: str, *, is_whole: bool = False) -> None:
    if WITH_SCREENSHOTS:
        path = ROOT / "docs" / "images" / f"webhooks-{name}.png"
        page.screenshot(path=path, full_page=is_whole)


def told(club: Club, **fields: object) -> str:
    body = {"url": "https://hooks.example.com/plinto", "events": ["member.*"], **fields}
    answer = club.send(club.owner, "POST", "/webhooks", body)
    assert answer.status == 201
    return str(answer.body["id"])


def given_up(world: World, endpoint: str, *, answered: str) -> str:
    """A delivery of two tries that was given up."""
    key = uuid7()
    world.sql(
        *(_DELIVERY, key, endpoint, uuid7(), "member.updated", 2, 2, "abandoned"),
        "2026-11-26T12:00:00Z",
        "answered 503",
    )
    for milliseconds in (1204, 87):
        world.sql(_ATTEMPT, uuid7(), key, milliseconds, 503, answered)
    return str(key)


def club_of(world: World) -> Club:
    visitor = world.visitor(world.populate(1)[0])
    assert visitor.sign_in().status == 200
    return founded(world, visitor)


def test_a_secret_is_on_the_page_once_and_the_endpoint_stays(world, page):
    page.get_by_role("link", name="Add endpoint").click()
    page.get_by_label("Url").fill("https://siem.example.com/in")
    page.get_by_label("Events").fill("audit.recorded")
    page.get_by_role("button", name="Save", exact=True).click()
    secret = page.locator("#secret")
    expect(secret).to_contain_text("whsec_", timeout=PATIENCE)
    first = secret.inner_text()
    keep_picture(page, "secret")
    page.get_by_role("link", name="The receiver has it").click()
    expect(page.get_by_label("Url")).to_have_value("https://siem.example.com/in", timeout=PATIENCE)
    assert first not in page.content()
    page.get_by_role("link", name="Rotate the secret").click()
    page.get_by_role("button", name="Rotate the secret").click()
    expect(secret).to_contain_text("whsec_", timeout=PATIENCE)
    assert secret.inner_text() != first
    assert first not in page.content()


def test_the_list_shows_how_endpoints_fare_and_staff_pause_one(world, page):
    club = club_of(world)
    endpoint, _ = told(club), told(club, url="https://chat.example.org/hooks/2")
    world.sql("UPDATE webhooks_endpoint SET failing_since = now() WHERE id = %s", endpoint)
    page.goto(world.web.url + ENDPOINTS)
    row = page.locator("#result_list tbody tr").filter(has_text="hooks.example.com")
    row.get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option("pause")
    page.get_by_role("button", name="Go").click()
    expect(page.locator(".messagelist")).to_contain_text("Endpoints paused: 1.", timeout=PATIENCE)
    expect(row).to_contain_text("Paused", timeout=PATIENCE)
    keep_picture(page, "endpoints")
    assert club.send(club.owner, "GET", f"/webhooks/{endpoint}").body["state"] == "paused"


def test_what_a_receiver_answered_is_text_and_its_delivery_is_sent_once_more(world, page):
    club = club_of(world)
    endpoint = told(club)
    answered = "<h1>Upgrading</h1><script>document.title = 'taken'</script>"
    delivery = given_up(world, endpoint, answered=answered)
    page.goto(f"{world.web.url}/admin/webhooks/delivery/{delivery}/change/")
    expect(page.locator(".field-tried pre").first).to_have_text(answered, timeout=PATIENCE)
    expect(page.locator(".field-tried")).to_contain_text("87 ms", timeout=PATIENCE)
    assert page.title() != "taken"
    keep_picture(page, "delivery", is_whole=True)
    page.goto(f"{world.web.url}{ENDPOINTS}{endpoint}/redeliver/")
    page.get_by_label("Since").fill("2026-01-01T00:00")
    page.get_by_role("button", name="Send once more").click()
    expect(page.locator(".messagelist")).to_contain_text("sent once more: 1.", timeout=PATIENCE)
    [shown] = club.send(club.owner, "GET", f"/webhooks/{endpoint}/deliveries").body["results"]
    assert (shown["id"], shown["state"]) == (delivery, "pending")


def test_the_documentation_shows_every_operation(world, page):
    page.goto(f"{world.web.url}/api/v1/docs#/Webhooks")
    section = page.locator("#operations-tag-Webhooks")
    expect(section).to_be_visible(timeout=PATIENCE)
    section.scroll_into_view_if_needed()
    expect(page.locator("[id^=operations-Webhooks-]")).to_have_count(11, timeout=PATIENCE)
    keep_picture(page, "api")
