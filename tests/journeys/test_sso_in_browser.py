"""
A SAML connection in a real browser, from an empty database to somebody who is signed in.

``JOURNEY_SCREENSHOTS=1`` renews ``docs/sso``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.factories import PASSWORD
from tests.journeys import chromium
from tests.journeys.clubs import founded
from tests.journeys.world import World, deployed
from tests.servers.plinto import ROOT, manage
from tests.servers.postgres import PostgresServer
from tests.servers.saml_providers import ForeignSaml
from tests.servers.simplesamlphp import simplesamlphp

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("browser")]

WITH_SCREENSHOTS = bool(os.environ.get("JOURNEY_SCREENSHOTS"))
ADMINISTRATOR = "grace@example.org"
# The provider's own; see ``tests.servers.simplesamlphp``.
DOMAIN, PERSON, TYPED = "corp.example", "Ada Lovelace", "adapass"
# A busy machine takes its time over a page; nothing here is about how long.
PATIENCE = 60_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with chromium.launched() as started:
        yield started
    expect.set_options(timeout=None)


@pytest.fixture(scope="module")
def provider() -> Iterator[ForeignSaml]:
    with simplesamlphp() as running:
        yield running


@pytest.fixture(scope="module")
def world(
    browser: Browser, provider: ForeignSaml, shared_postgres: PostgresServer
) -> Iterator[World]:
    # What a machine may lack comes first, so that nothing is started in vain.
    with deployed(shared_postgres, with_static=True) as world:
        yield world


def keep_picture(page: Page, name: str, *, is_whole: bool = True) -> None:
    if WITH_SCREENSHOTS:
        page.screenshot(path=ROOT / "docs" / "sso" / f"{name}.png", full_page=is_whole)


def become_administrator(page: Page, world: World) -> None:
    """Follow the link that the command prints, choose a password, and sign in."""
    printed = manage("create_administrator", ADMINISTRATOR, environment=world.web.environment)
    page.goto(re.search(r"http\S+", printed)[0])
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("again").fill(PASSWORD)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("heading", name="Your password is set")).to_be_visible(timeout=PATIENCE)
    page.goto(f"{world.web.url}/admin/")
    page.get_by_label("Email").fill(ADMINISTRATOR)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="Connections")).to_be_visible(timeout=PATIENCE)


def choose_organization(page: Page, slug: str) -> None:
    page.locator(".field-organization .select2-selection").click()
    page.locator(".select2-search__field").fill(slug)
    page.locator(".select2-results__option", has_text=slug).click()


def sign_in_at_provider(page: Page) -> None:
    name, password = (page.locator(f"input[name={each}]") for each in ("username", "password"))
    # Its page moves the cursor once it is loaded, even from under somebody who types.
    page.wait_for_load_state("networkidle")
    name.fill("ada")
    password.fill(TYPED)
    expect(name).to_have_value("ada")
    expect(password).to_have_value(TYPED)
    password.press("Enter")


def test_a_connection_is_set_up_tried_and_used(browser, provider, world):
    with chromium.opened(browser, viewport={"width": 1280, "height": 900}) as page:
        page.set_default_timeout(PATIENCE)
        become_administrator(page, world)
        visitor = world.visitor(ADMINISTRATOR)
        assert visitor.sign_in().status == 200
        club = founded(world, visitor)
        [[slug]] = world.sql("SELECT slug FROM accounts_organization WHERE id = %s", club.id)

        page.goto(f"{world.web.url}/admin/accounts/organizationdomain/add/")
        choose_organization(page, slug)
        page.get_by_label("Name").fill(DOMAIN)
        page.get_by_role("button", name="Save", exact=True).click()
        page.locator("#result_list").get_by_role("checkbox").last.check()
        page.locator("select[name=action]").select_option("prove_by_word")
        page.get_by_role("button", name="Go").click()
        expect(page.locator(".messagelist")).to_contain_text("Domains proved: 1.")
        keep_picture(page, "domain", is_whole=False)

        page.goto(f"{world.web.url}/admin/sso/connection/add/")
        choose_organization(page, slug)
        page.get_by_label("Name").fill("Corporate sign-in")
        page.get_by_label("Slug").fill("corporate")
        page.get_by_label("Protocol").select_option("saml")
        page.locator("input[name=metadata_file]").set_input_files(
            {"name": "idp.xml", "mimeType": "text/xml", "buffer": provider.metadata()}
        )
        keep_picture(page, "add")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(".messagelist")).to_contain_text("The connection is there.")
        address = f"{world.web.url}/sso/saml/corporate/metadata"
        expect(page.get_by_label("Metadata:", exact=True).first).to_have_value(address)
        keep_picture(page, "connection")

        provider.learn(httpx2.get(address).content)
        page.get_by_role("link", name="Test connection").click()
        page.get_by_role("button", name="Test connection").click()
        page.get_by_role("link", name="Begin the test").click()
        sign_in_at_provider(page)
        expect(page.get_by_role("heading", name="This sign-in works")).to_be_visible()
        expect(page.locator("main")).to_contain_text("The person gets an account")
        keep_picture(page, "test")
        assert world.sql("SELECT count(*) FROM accounts_identity") == [(0,)]

        page.set_viewport_size({"width": 1600, "height": 700})
        page.goto(f"{world.web.url}/admin/sso/connection/")
        expect(page.locator("#result_list")).to_contain_text("days left")
        keep_picture(page, "list", is_whole=False)

    with chromium.opened(browser, viewport={"width": 1000, "height": 700}) as page:
        page.set_default_timeout(PATIENCE)
        page.goto(f"{world.web.url}/sso/saml/corporate/login")
        sign_in_at_provider(page)
        page.wait_for_url(f"{world.web.url}/signed-in*")
        expect(page.locator("main")).to_contain_text(f"ada@{DOMAIN}")
        keep_picture(page, "signed-in", is_whole=False)
    [[email, sessions]] = world.sql(
        "SELECT email, count(*) FROM accounts_session JOIN accounts_user u ON u.id = user_id"
        " WHERE connection_id IS NOT NULL GROUP BY email"
    )
    assert (email, sessions) == (f"ada@{DOMAIN}", 1)
