"""The pages behind mailed links, walked by a real browser against the production server."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.accounts.phones import Phone
from tests.factories import PASSWORD
from tests.journeys import chromium
from tests.journeys.clients import Caller, Visitor
from tests.journeys.mailed import link, mailed, registered
from tests.journeys.waiting import eventually
from tests.servers.plinto import PlintoServer, WorkerProcess

# One group: the server is started once, and two browsers never compete.
pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("browser")]

NEW_PASSWORD = "a horse stapled to a battery"
expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.launched() as started:
        yield started


@pytest.fixture(scope="module")
def web(browser: Browser) -> Iterator[PlintoServer]:
    # The browser comes first, so that a machine without one starts nothing in vain.
    with (
        PlintoServer.start(with_static=True, WEB_WORKERS="1") as server,
        WorkerProcess.start(server.environment),
    ):
        yield server


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with chromium.opened(browser) as tab:
        yield tab


@pytest.fixture
def visitor(web: PlintoServer) -> Visitor:
    return Visitor(Caller(web.port, is_kept=False), f"{uuid4().hex}@example.com")


def reset_link(web: PlintoServer, visitor: Visitor) -> str:
    """Have an account without a password, and return the link that sets one."""
    token = registered(web, visitor).partition("#token=")[2]
    visitor.send("POST", "/auth/verify-email", {"token": token})
    return link(web, visitor, "/set-password")


def choose(page: Page, password: str, *, again: str | None = None) -> None:
    page.get_by_label("New password").fill(password)
    page.get_by_label("again").fill(password if again is None else again)
    page.get_by_role("button", name="Set password").click()


def test_the_mailed_link_and_the_password_confirm_an_address(web, visitor, page):
    page.goto(registered(web, visitor))
    assert page.url == f"{web.url}/verify-email"
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Your address is confirmed")).to_be_focused()
    expect(page.get_by_text("You can sign in now.")).to_be_visible()
    assert visitor.sign_in().status == 200
    assert len(visitor.send("GET", "/sessions").body["results"]) == 1


def test_a_wrong_password_confirms_the_address_and_mails_a_way_to_another(web, visitor, page):
    page.goto(registered(web, visitor))
    page.get_by_label("Your password").fill("not what was chosen")
    page.get_by_label("Your password").press("Enter")
    expect(page.get_by_role("heading", name="confirmed, but not that password")).to_be_visible()
    page.goto(link(web, visitor, "/set-password"))
    choose(page, NEW_PASSWORD)
    expect(page.get_by_role("heading", name="Your password is set")).to_be_visible()
    assert visitor.sign_in(PASSWORD).status == 401
    assert visitor.sign_in(NEW_PASSWORD).status == 200


def test_who_chose_no_password_is_mailed_a_link_to_choose_one(web, visitor, page):
    page.goto(registered(web, visitor))
    page.get_by_role("button", name="I did not choose a password").click()
    expect(page.get_by_text("with a link to choose a password")).to_be_visible()
    assert visitor.sign_in().status == 401
    assert link(web, visitor, "/set-password")


def test_a_forgotten_password_is_replaced_by_mail(web, visitor, page):
    page.goto(reset_link(web, visitor))
    choose(page, PASSWORD)
    expect(page.get_by_role("heading", name="Your password is set")).to_be_visible()
    first = link(web, visitor, "/set-password")
    page.goto(f"{web.url}/reset-password")
    page.get_by_label("Email address").fill(visitor.email)
    page.get_by_role("button", name="Mail me a link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    page.goto(eventually(lambda: newer(first, link(web, visitor, "/set-password")), seconds=20))
    choose(page, NEW_PASSWORD)
    expect(page.get_by_role("heading", name="Your password is set")).to_be_visible()
    assert visitor.sign_in(PASSWORD).status == 401
    assert visitor.sign_in(NEW_PASSWORD).status == 200


def newer(former: str, found: str) -> str:
    return "" if found == former else found


def magic_link(web: PlintoServer, visitor: Visitor) -> str:
    """Have an account with a password, and return a link that signs in without it."""
    token = registered(web, visitor).partition("#token=")[2]
    visitor.send("POST", "/auth/verify-email", {"token": token, "password": PASSWORD})
    assert visitor.send("POST", "/auth/magic-link", {"email": visitor.email}).status == 202
    return link(web, visitor, "/magic-link")


@pytest.mark.asvs("7.6.2")
def test_a_magic_link_signs_in_by_a_button_and_out_by_another(web, visitor, page):
    page.goto(magic_link(web, visitor))
    assert page.url == f"{web.url}/magic-link"
    expect(page.get_by_role("textbox")).to_have_count(0)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="You are signed in")).to_be_focused()
    expect(page.get_by_text(visitor.email)).to_be_visible()
    assert visitor.sign_in().status == 200
    own, of_the_page = visitor.send("GET", "/sessions").body["results"][:2]
    assert (own["current"], of_the_page["device"].split(" on ")[0]) == (True, "Chrome")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_focused()
    assert of_the_page["id"] not in str(visitor.send("GET", "/sessions").body)


def test_a_magic_link_asks_for_the_second_factor_until_it_is_right(web, visitor, page):
    spent = magic_link(web, visitor)
    assert visitor.sign_in().status == 200
    phone = Phone(visitor.send("POST", "/me/mfa/totp", {}).body["secret"])
    confirmed = visitor.send("POST", "/me/mfa/totp/confirm", {"code": phone.code()}).body
    page.goto(spent)
    page.get_by_role("button", name="Sign in").click()
    field = page.get_by_label("Code of your authenticator app")
    field.fill("222222-222222-222222-222222")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("link or passkey is wrong")).to_be_visible()
    expect(field).to_have_value("")
    field.fill(confirmed["recovery_codes"][0])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="You are signed in")).to_be_focused()
    page.goto("about:blank")
    page.goto(spent)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="This link does not work any more")).to_be_focused()


def test_a_change_of_address_is_undone_from_the_old_mailbox(web, visitor, page):
    token = registered(web, visitor).partition("#token=")[2]
    visitor.send("POST", "/auth/verify-email", {"token": token, "password": PASSWORD})
    assert visitor.sign_in().status == 200
    thief = Visitor(visitor.caller, f"{uuid4().hex}@example.com", access=visitor.access)
    assert thief.send("POST", "/me/email", {"email": thief.email}).status == 202
    body = {"code": mailed(web, thief, r"^ {4}(\d{6})$")}
    assert thief.send("POST", "/me/email/confirm", body).status == 200
    page.goto(link(web, visitor, "/undo-email"))
    page.get_by_role("button", name="Undo the change").click()
    expect(page.get_by_role("heading", name="Your account is yours again")).to_be_focused()
    assert thief.me().status == 401
    page.goto(link(web, visitor, "/set-password"))
    choose(page, NEW_PASSWORD)
    expect(page.get_by_role("heading", name="Your password is set")).to_be_visible()
    assert visitor.sign_in(NEW_PASSWORD).status == 200


def test_an_unknown_address_gets_the_same_page_as_a_known_one(web, visitor, page):
    page.goto(f"{web.url}/reset-password")
    page.get_by_label("Email address").fill(visitor.email)
    page.get_by_role("button", name="Mail me a link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_focused()


def test_what_is_wrong_with_a_field_is_said_beside_it(web, visitor, page):
    page.goto(reset_link(web, visitor))
    field = page.get_by_label("New password")
    choose(page, "too short")
    expect(page.get_by_text("Use at least 15 characters. A sentence works well.")).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")
    choose(page, NEW_PASSWORD, again="something else")
    expect(page.get_by_text("The two passwords are not the same.")).to_be_visible()
    expect(field).not_to_have_attribute("aria-invalid", "true")
    choose(page, NEW_PASSWORD)
    expect(page.get_by_role("heading", name="Your password is set")).to_be_visible()


def test_a_spent_link_leads_on_to_another(web, visitor, page):
    spent = reset_link(web, visitor)
    page.goto(spent)
    choose(page, NEW_PASSWORD)
    expect(page.get_by_role("heading", name="Your password is set")).to_be_visible()
    page.goto("about:blank")
    page.goto(spent)
    choose(page, NEW_PASSWORD)
    expect(page.get_by_role("heading", name="This link does not work any more")).to_be_focused()
    expect(page.get_by_role("paragraph").filter(has_text="has expired")).to_be_visible()
    page.get_by_role("link", name="ask for a new link").click()
    expect(page.get_by_label("Email address")).to_be_visible()


def test_a_link_pasted_over_another_is_the_one_that_counts(web, page):
    page.goto(f"{web.url}/set-password")
    expect(page.get_by_role("heading", name="This link is not complete")).to_be_visible()
    page.goto(f"{web.url}/set-password#token=plp_pasted")
    expect(page.get_by_role("heading", name="Choose a new password")).to_be_visible()
    assert page.url == f"{web.url}/set-password"


def test_without_a_connection_the_page_says_so_and_keeps_what_was_typed(web, visitor, page):
    page.goto(f"{web.url}/set-password#token=plp_unused")
    page.context.set_offline(True)
    choose(page, NEW_PASSWORD)
    expect(page.get_by_role("alert")).to_contain_text("There was no answer.")
    expect(page.get_by_label("New password")).to_have_value(NEW_PASSWORD)
    expect(page.get_by_role("button", name="Set password")).to_be_enabled()


@pytest.mark.parametrize(
    ("status", "content", "shown"),
    [
        (429, '{"message": "Slow <b>down</b>."}', "Slow <b>down</b>. Time to wait: 12 minutes."),
        (502, "<h1>Bad gateway</h1>", "The server could not answer (502). Try again later."),
    ],
)
def test_what_a_proxy_answers_is_shown_as_text(web, page, status, content, shown):
    headers = {"Retry-After": "700"} if status == 429 else {}
    page.route(
        "**/api/**", lambda route: route.fulfill(status=status, headers=headers, body=content)
    )
    page.goto(f"{web.url}/set-password#token=plp_unused")
    choose(page, NEW_PASSWORD)
    expect(page.get_by_role("alert")).to_have_text(shown)


def test_an_invitation_is_accepted_with_password_and_second_factor(web, visitor, page):
    owner = Visitor(Caller(web.port, is_kept=False), f"{uuid4().hex}@example.com")
    for person in (owner, visitor):
        token = registered(web, person).partition("#token=")[2]
        proof = {"token": token, "password": PASSWORD}
        assert person.send("POST", "/auth/verify-email", proof).status == 200
        assert person.sign_in().status == 200
    phone = Phone(visitor.send("POST", "/me/mfa/totp", {}).body["secret"])
    confirmed = visitor.send("POST", "/me/mfa/totp/confirm", {"code": phone.code()})
    made = owner.send("POST", "/organizations", {"name": "Engines", "slug": uuid4().hex})
    invitation = {"email": visitor.email, "role": "member"}
    path = f"/organizations/{made.body['id']}/invitations"
    assert owner.send("POST", path, invitation).status == 201
    page.goto(link(web, visitor, "/accept-invitation"))
    page.get_by_label("Email address").fill(visitor.email)
    page.get_by_label("Your password").fill("not this one")
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("alert")).to_have_text("Email or password is wrong.")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("Your account asks for a code")).to_be_visible()
    page.get_by_label("Code of your").fill(confirmed.body["recovery_codes"][0])
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("heading", name="You are a member now")).to_be_focused()
    assert len(visitor.send("GET", "/me/organizations").body["results"]) == 1


def test_a_browser_without_scripts_is_told_what_is_missing(web, browser):
    with chromium.opened(browser, java_script_enabled=False) as page:
        page.goto(f"{web.url}/set-password#token=plp_unused")
        expect(page.get_by_role("heading", name="This page needs JavaScript")).to_be_visible()
        expect(page.get_by_role("textbox")).to_have_count(0)


def test_the_documentation_is_browsed_without_any_other_host(web, page):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{web.url}/api/v1/docs")
    page.get_by_role("heading", name="Sign-up and sign-in").click()
    page.get_by_text("Sign in with a password", exact=True).click()
    expect(page.get_by_text("correct horse battery staple").first).to_be_visible()
    expect(page.get_by_role("heading", name="Second factors")).to_be_visible()
    assert [url for url in asked if not url.startswith((web.url, "data:"))] == []
    assert f"{web.url}/api/v1/openapi.json" in "".join(asked)
