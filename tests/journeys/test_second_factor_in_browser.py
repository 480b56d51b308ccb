"""Staff and their second factor in a real browser, under the production CSP."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.accounts.phones import Phone
from tests.factories import PASSWORD
from tests.journeys import chromium
from tests.journeys.carriers import carrier
from tests.journeys.world import World, deployed
from tests.servers.postgres import PostgresServer

# One group: the server is started once, and two browsers never compete.
pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("browser")]

OWN = "/admin/second-factor/own/"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.launched() as started:
        yield started


@pytest.fixture(scope="module")
def world(browser: Browser, shared_postgres: PostgresServer) -> Iterator[World]:
    # The browser comes first, so that a machine without one starts nothing in vain.
    variables = {"WEB_WORKERS": "1", "ADMIN_REQUIRES_MFA": "yes"}
    with deployed(shared_postgres, with_static=True, **variables) as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with chromium.opened(browser) as tab:
        yield tab


@pytest.fixture
def administrator(world: World) -> str:
    [email] = world.populate(1)
    world.sql(
        "UPDATE accounts_user SET is_staff = true, is_superuser = true WHERE email = %s", email
    )
    return email


def log_in(page: Page, world: World, email: str) -> None:
    page.goto(f"{world.web.url}/admin/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def type_code(page: Page, code: str) -> None:
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Go on").click()


def add_app(page: Page) -> Phone:
    """Add an app from wherever the site sends somebody who has none."""
    page.get_by_role("link", name="Add an authenticator app").click()
    page.get_by_role("button", name="Add an authenticator app").click()
    picture = page.get_by_role("img", name="QR code of the key")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    phone = Phone(page.locator("code").inner_text())
    page.get_by_label("Code").fill(phone.code())
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    phone.recovery_codes = page.locator("pre").inner_text().split()
    return phone


def test_an_administrator_adds_an_app_and_signs_in_with_it(world, administrator, page):
    log_in(page, world, administrator)
    expect(page.get_by_text("you have none")).to_be_visible()
    phone = add_app(page)
    assert len(phone.recovery_codes) == 10
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("heading", name="Administration")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    world.sql("UPDATE accounts_authenticator_app SET last_step = 0")

    log_in(page, world, administrator)
    expect(page.get_by_label("Code")).to_be_focused()
    type_code(page, phone.wrong())
    expect(page.get_by_text("That was not it")).to_be_visible()
    type_code(page, phone.code())
    expect(page.get_by_role("heading", name="Administration")).to_be_visible()


def test_a_recovery_code_stands_in_for_a_lost_app(world, administrator, page):
    log_in(page, world, administrator)
    phone = add_app(page)
    page.context.clear_cookies()
    log_in(page, world, administrator)
    type_code(page, phone.recovery_codes[0].upper())
    page.get_by_role("link", name="Second factor").click()
    expect(page.get_by_text("Recovery codes left: 9")).to_be_visible()
    page.get_by_role("button", name="Make new recovery codes").click()
    assert not set(page.locator("pre").inner_text().split()) & set(phone.recovery_codes)


def test_a_lost_factor_is_reset_from_the_page_of_its_person(world, administrator, page):
    visitor = world.visitor(world.populate(1)[0], is_kept=False)
    assert visitor.sign_in().status == 200
    owner = carrier(world, visitor)
    log_in(page, world, administrator)
    add_app(page)
    page.goto(f"{world.web.url}/admin/accounts/user/{visitor.user_id}/change/")
    expect(page.get_by_text(re.compile("authenticator app since .* left: 10"))).to_be_visible()
    page.get_by_role("link", name="Reset second factor").click()
    page.get_by_label("Reason").fill("Lost the phone, seen in person.")
    page.get_by_role("button", name="Reset second factor").click()
    expect(page.get_by_text("has no second factor any more")).to_be_visible()
    assert owner.visitor.me().status == 401
    assert "access" in owner.visitor.sign_in().body
