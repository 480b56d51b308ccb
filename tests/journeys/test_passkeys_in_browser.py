"""
Passkeys in a real browser, whose authenticator is one in software behind the DevTools protocol.

The page is one of Plinto's own, under the production CSP; what it asks the browser for and sends
to the API is what a front end would.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Error, Page, expect

from tests.factories import PASSWORD
from tests.journeys import chromium
from tests.journeys.clients import Answer, Visitor
from tests.journeys.world import World, deployed
from tests.servers.postgres import PostgresServer

# One group: the server is started once, and two browsers never compete.
pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("browser")]

LOGIN = "/auth/login/passkey"
CREATE = """async options => (await navigator.credentials.create({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options)})).toJSON()"""
GET = """async options => (await navigator.credentials.get({
    publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options)})).toJSON()"""
SEND = """async ([path, body, access]) => {
    const headers = {"Content-Type": "application/json"};
    if (access) headers.Authorization = `Bearer ${access}`;
    const response = await fetch("/api/v1" + path,
        {method: "POST", headers, body: JSON.stringify(body), credentials: "omit"});
    return [response.status, response.status === 204 ? null : await response.json()];
}"""


@dataclass
class Device:
    """A tab with an authenticator that its person unlocks whenever it asks."""

    world: World
    page: Page
    protocol: CDPSession
    own: dict[str, str]  # the id of the authenticator, as the protocol wants it

    def send(self, path: str, body: Any, access: str = "") -> tuple[int, Any]:
        """Let the page send a request to the API."""
        status, answer = self.page.evaluate(SEND, [path, body, access])
        return status, answer

    def register(self, visitor: Visitor) -> Any:
        status, options = self.send("/me/passkeys/options", {}, visitor.access)
        assert status == 200
        passkey = self.page.evaluate(CREATE, options)
        status, added = self.send("/me/passkeys", {"passkey": passkey}, visitor.access)
        assert status == 201
        return added

    def options(self, **body: str) -> Any:
        status, options = self.send(f"{LOGIN}/options", body)
        assert status == 200
        return options

    def answer(self, options: Any) -> Any:
        """What the authenticator answers."""
        return self.page.evaluate(GET, options)

    def enter(self, passkey: Any) -> tuple[int, Any]:
        return self.send(LOGIN, {"passkey": passkey})

    def credentials(self) -> list[dict[str, Any]]:
        """What the authenticator keeps, its private keys included."""
        found: list[dict[str, Any]] = self.protocol.send("WebAuthn.getCredentials", self.own)[
            "credentials"
        ]
        return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.launched() as started:
        yield started


@pytest.fixture(scope="module")
def world(browser: Browser, shared_postgres: PostgresServer) -> Iterator[World]:
    # The browser comes first, so that a machine without one starts nothing in vain.
    with deployed(
        shared_postgres, with_static=True, public_host="localhost", WEB_WORKERS="1"
    ) as running:
        yield running


@pytest.fixture
def device(browser: Browser, world: World) -> Iterator[Device]:
    with chromium.opened(browser) as tab:
        protocol = tab.context.new_cdp_session(tab)
        protocol.send("WebAuthn.enable")
        own = device_with(world, tab, protocol)
        tab.goto(f"http://localhost:{world.web.port}/verify-email")
        yield own


def device_with(world: World, tab: Page, protocol: CDPSession) -> Device:
    """Plug in an authenticator that keeps a count of its signatures."""
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    plugged = protocol.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    own = {"authenticatorId": plugged["authenticatorId"]}
    return Device(world, tab, protocol, own)


@pytest.fixture
def visitor(world: World) -> Visitor:
    someone = world.visitor(world.populate(1)[0], is_kept=False)
    assert someone.sign_in().status == 200
    return someone


def claims_to_be(access: str, world: World) -> Answer:
    return world.caller(is_kept=False).send("GET", "/api/v1/me", token=access)


def test_a_passkey_is_added_and_signs_in_by_itself(world, device, visitor):
    added = device.register(visitor)
    assert len(added["recovery_codes"]) == 10
    [kept] = device.credentials()
    assert (kept["rpId"], kept["isResidentCredential"]) == ("localhost", True)
    status, entry = device.enter(device.answer(device.options()))
    assert (status, entry["user"]["email"]) == (200, visitor.email)
    assert claims_to_be(entry["access"], world).status == 200
    [shown] = visitor.send("GET", "/me/passkeys").body["results"]
    assert shown["last_used_at"] is not None
    # Chromium says what it is, and the name of the passkey is made of it.
    assert (shown["id"], shown["name"]) == (added["id"], "Chrome on Linux")


def test_it_is_the_second_step_after_the_password(device, visitor):
    device.register(visitor)
    body = {"email": visitor.email, "password": PASSWORD}
    status, asked = device.send("/auth/login", body)
    assert (status, asked["methods"]) == (200, ["passkey", "recovery_code"])
    token = {"mfa_token": asked["mfa_token"]}
    options = device.options(**token)
    assert len(options["allowCredentials"]) == 1
    passkey = device.answer(options)
    status, entry = device.send("/auth/login/mfa", {**token, "passkey": passkey})
    assert (status, entry["user"]["email"]) == (200, visitor.email)


def test_it_proves_again_who_one_is(device, visitor):
    device.register(visitor)
    asking = {"purpose": "reauthenticate"}
    status, options = device.send("/me/passkeys/options", asking, visitor.access)
    assert status == 200
    proof = {"passkey": device.answer(options)}
    assert device.send("/auth/reauthenticate", proof, visitor.access)[0] == 204
    assert device.send("/auth/reauthenticate", proof, visitor.access)[0] == 401


def test_what_the_document_tells_a_front_end_to_write_works(root, device, visitor):
    document = (root / "docs" / "passkeys.md").read_text()
    sign_in, second_step, add = re.findall(r"```js\n(.*?)```", document, re.DOTALL)
    tools, last = sign_in.split("const tokens", 1)

    def run(code: str, names: str, **given: str) -> Any:
        script = f"async ({{email, password, access}}) => {{{tools}{code}; return {{{names}}}}}"
        return device.page.evaluate(script, given)

    assert len(run(add, "recovery_codes", access=visitor.access)["recovery_codes"]) == 10
    alone = run(f"const tokens{last}", "tokens")["tokens"]
    after = run(second_step, "tokens", email=visitor.email, password=PASSWORD)["tokens"]
    assert {tokens["user"]["email"] for tokens in (alone, after)} == {visitor.email}


def test_staff_use_it_at_the_door_of_the_admin_site(world, device, visitor):
    device.register(visitor)
    world.sql("UPDATE accounts_user SET is_staff = true WHERE id = %s", visitor.user_id)
    page = device.page
    page.goto(f"http://localhost:{world.web.port}/admin/")
    page.get_by_label("Email").fill(visitor.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    device.protocol.send("WebAuthn.setUserVerified", {**device.own, "isUserVerified": False})
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("No passkey was used")).to_be_visible()
    device.protocol.send("WebAuthn.setUserVerified", {**device.own, "isUserVerified": True})
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Administration")).to_be_visible()


def test_one_device_holds_one_passkey_of_a_person(device, visitor):
    device.register(visitor)
    _, options = device.send("/me/passkeys/options", {}, visitor.access)
    with pytest.raises(Error, match="InvalidStateError"):
        device.page.evaluate(CREATE, options)


def test_a_replayed_answer_and_a_foreign_challenge_are_refused(device, visitor):
    device.register(visitor)
    passkey = device.answer(device.options())
    assert device.enter(passkey)[0] == 200
    foreign = device.answer({**device.options(), "challenge": "A" * 43})
    answers = [device.enter(passkey), device.enter(foreign)]
    assert [(status, body["error"]) for status, body in answers] == [(401, "INVALID_CODE")] * 2


def test_an_answer_from_a_page_of_another_origin_is_refused(world, device, visitor):
    device.register(visitor)
    options = device.options()
    # The browser lets every port of our host ask for our passkeys, and no other host.
    stranger = f"http://localhost:{world.web.port ^ 1}/"
    elsewhere = f"http://127.0.0.1:{world.web.port}/verify-email"
    device.page.route(
        stranger, lambda route: route.fulfill(body="<html>", content_type="text/html")
    )
    device.page.goto(stranger)
    passkey = device.answer(options)
    device.page.goto(elsewhere)
    with pytest.raises(Error, match="SecurityError"):
        device.answer(options)
    answer = world.caller(is_kept=False).send("POST", f"/api/v1{LOGIN}", {"passkey": passkey})
    assert (answer.status, answer.body["error"]) == (401, "INVALID_CODE")


def test_a_copied_passkey_is_noticed_when_the_older_copy_signs(world, device, visitor):
    device.register(visitor)
    [copied] = device.credentials()
    assert device.enter(device.answer(device.options()))[0] == 200
    device.protocol.send("WebAuthn.removeVirtualAuthenticator", device.own)
    thief = device_with(world, device.page, device.protocol)
    stolen = {**thief.own, "credential": {**copied, "signCount": 0}}
    device.protocol.send("WebAuthn.addCredential", stolen)
    status, refusal = thief.enter(thief.answer(thief.options()))
    assert (status, refusal["error"]) == (401, "INVALID_CODE")
    acts = world.sql(
        "SELECT outcome FROM audit_row WHERE action = 'passkey.cloned' AND target_id = %s",
        visitor.user_id,
    )
    assert acts == [("refused",)]
