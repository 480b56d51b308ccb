"""
The Resilience page in a real browser: two web processes, a Redis to kill, the production CSP.

The full form, ``JOURNEY_PATIENT=1``, waits a rehearsal of a minute out; the short one calls it off
and leaves ending by itself to one of seconds. ``JOURNEY_SCREENSHOTS=1`` renews ``docs/images``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.factories import PASSWORD
from tests.journeys import chromium
from tests.journeys.clients import Visitor
from tests.journeys.waiting import eventually
from tests.journeys.world import World, deployed
from tests.servers.plinto import ROOT, manage
from tests.servers.postgres import PostgresServer

# One group: the server is started once, and two browsers never compete.
pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("browser")]

IS_PATIENT = bool(os.environ.get("JOURNEY_PATIENT"))
WITH_SCREENSHOTS = bool(os.environ.get("JOURNEY_SCREENSHOTS"))
PATH = "/admin/resilience/"
_PROMOTION = """
UPDATE accounts_user SET email = 'ada@example.com', email_key = 'ada@example.com',
    is_staff = true, is_superuser = true WHERE email = %s
"""
# Processes report and hear orders within seconds, and so does the page; doubled for busy machines.
SOON = 30_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.launched() as started:
        yield started


@pytest.fixture(scope="module")
def running(browser: Browser, shared_postgres: PostgresServer) -> Iterator[World]:
    # The browser comes first, so that a machine without one starts nothing in vain.
    with deployed(shared_postgres, with_static=True, RECOVERY_TIMEOUT="2") as world:
        yield world


@pytest.fixture(scope="module")
def administrator(running: World) -> str:
    (email,) = running.populate(1)
    running.sql(_PROMOTION, email)
    return "ada@example.com"


@pytest.fixture
def world(running: World) -> Iterator[World]:
    yield running
    running.redis.heal()


@pytest.fixture
def page(browser: Browser, world: World, administrator: str) -> Iterator[Page]:
    with shown(browser, world, administrator) as tab:
        yield tab


@contextmanager
def shown(browser: Browser, world: World, email: str, **options) -> Iterator[Page]:
    """Open the page in a tab of its own, signed in."""
    with chromium.opened(browser, **options) as tab:
        tab.goto(world.web.url + PATH)
        tab.get_by_label("Email").fill(email)
        tab.get_by_label("Password").fill(PASSWORD)
        tab.get_by_role("button", name="Log in").click()
        expect(tab.get_by_role("heading", name="Resilience")).to_be_visible()
        yield tab


def breaker(page: Page, name: str = "redis:default") -> Locator:
    """The line that sums up a breaker over all processes."""
    return page.locator("#breakers tr").filter(
        has=page.get_by_role("rowheader", name=name, exact=True)
    )


def visit(world: World) -> Visitor:
    """Somebody whose requests reach both processes, so that each notices what Redis does."""
    (email,) = world.populate(1)
    visitor = world.visitor(email, is_kept=False)
    assert visitor.sign_in().status == 200
    assert {visitor.me().status for _ in range(20)} == {200}
    return visitor


def busy_until(visitor: Visitor, located: Locator, text: str) -> None:
    """Keep asking until the page shows ``text`` by itself."""

    def is_shown() -> bool:
        assert visitor.me().status == 200
        return text in (located.text_content() or "")

    eventually(is_shown, seconds=SOON / 1000)


def keep_picture(page: Page, name: str, *, is_whole: bool = False) -> None:
    if WITH_SCREENSHOTS:
        page.screenshot(path=ROOT / "docs" / "images" / f"{name}.png", full_page=is_whole)


def test_two_web_processes_are_visible_in_the_admin(world, page):
    pids = eventually(
        lambda: len(world.web.worker_pids()) == 2 and world.web.worker_pids(), seconds=30
    )
    busy_until(visit(world), breaker(page), "0 of 2 open")
    for pid in pids:
        row = page.locator("#processes tr").filter(has_text=f":{pid}")
        expect(row).to_have_count(1)
        expect(row).to_contain_text("redis:default")
    expect(page.locator("#readings")).to_contain_text("Live processes")


def test_the_page_shows_by_itself_that_redis_died_and_came_back(world, page):
    visitor = visit(world)
    busy_until(visitor, breaker(page), "0 of 2 open")
    world.redis.kill()
    busy_until(visitor, breaker(page), "2 of 2 open")
    expect(page.locator("#verdict")).to_contain_text("What holds meanwhile")
    expect(page.locator("#holding")).to_contain_text("A session that was ended is refused at once")
    keep_picture(page, "resilience-outage", is_whole=True)
    world.redis.restart()
    busy_until(visitor, breaker(page), "0 of 2 open")
    expect(page.locator("#verdict")).to_contain_text("All is well", timeout=SOON)
    assert page.locator("#timeline rect.open").count() >= 2


def test_a_rehearsal_starts_from_the_button_and_ends_by_itself_or_when_called_off(world, page):
    busy_until(visit(world), breaker(page), "0 of 2 open")
    page.get_by_label("Minutes").fill("1")
    page.locator("#rehearse-reason").fill("Monthly drill")
    page.get_by_role("button", name="Start the rehearsal").click()
    expect(page.locator(".messagelist")).to_contain_text("is rehearsed until")
    expect(breaker(page)).to_contain_text("2 of 2 open 2 by order", timeout=SOON)
    expect(breaker(page)).to_contain_text("“Monthly drill”")
    keep_picture(page, "resilience-rehearsal")
    if not IS_PATIENT:
        # The form proposes what ends the order that stands.
        page.locator("#order-reason").fill("Seen enough")
        page.get_by_role("button", name="Give the order").click()
    expect(breaker(page)).to_contain_text("0 of 2 open", timeout=60_000 + SOON)
    expect(breaker(page)).to_contain_text("automatic")


def test_a_rehearsal_of_seconds_ends_by_itself(world, page):
    busy_until(visit(world), breaker(page), "0 of 2 open")
    told = manage("rehearse", "--seconds", "15", environment=world.web.environment)
    assert told.count("heard it after") == 2
    expect(breaker(page)).to_contain_text("2 of 2 open 2 by order", timeout=SOON)
    expect(breaker(page)).to_contain_text("0 of 2 open", timeout=SOON)
    assert world.sql("SELECT act FROM resilience_circuit_order ORDER BY id DESC LIMIT 1") == [
        ("force_open",)
    ]


def test_a_refresh_leaves_what_is_being_typed_alone(world, page):
    reason = page.locator("#rehearse-reason")
    seen = page.locator("#verdict .seen time").first
    before = seen.get_attribute("datetime")
    page.get_by_label("Order", exact=True).select_option("Reset")
    reason.press_sequentially("Half a sen")
    expect(seen).not_to_have_attribute("datetime", before, timeout=SOON)
    expect(reason).to_be_focused()
    expect(reason).to_have_value("Half a sen")
    expect(page.get_by_label("Order", exact=True)).to_have_value("reset")


def test_the_page_says_that_the_server_cannot_be_reached_and_goes_on_when_it_can(world, page):
    note = page.locator("#refresh-note")
    expect(note).to_have_text("Refreshes every five seconds.")
    page.context.set_offline(True)
    expect(note).to_contain_text("The server cannot be reached; trying again.", timeout=SOON)
    page.context.set_offline(False)
    expect(note).to_have_text("Refreshes every five seconds.", timeout=SOON)


def test_who_is_signed_out_meanwhile_is_told_so(world, page):
    page.context.clear_cookies()
    expect(page.locator("#refresh-note")).to_contain_text("You are signed out", timeout=SOON)


def test_without_scripts_the_page_shows_and_orders_all_the_same(browser, world, administrator):
    with shown(browser, world, administrator, java_script_enabled=False) as page:
        page.locator("#order-reason").fill("No script here")
        page.get_by_label("Order", exact=True).select_option("Reset")
        page.get_by_role("button", name="Give the order").click()
        expect(page.locator(".messagelist")).to_contain_text("“Reset” is ordered")
        page.get_by_role("link", name="Reload").click()
        expect(page.locator("#processes tr")).not_to_have_count(0)


def test_a_telephone_shows_all_of_it_without_scrolling_aside(browser, world, administrator):
    telephone = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
    with shown(browser, world, administrator, **telephone) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        expect(page.get_by_role("button", name="Start the rehearsal")).to_be_visible()
        keep_picture(page, "resilience-telephone")
