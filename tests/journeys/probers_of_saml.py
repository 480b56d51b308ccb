"""The probers of single sign-on by SAML: once, only who asked, and out when its provider says."""

from __future__ import annotations

from collections.abc import Iterator

from sso import door_controls
from tests.journeys.clients import Answer
from tests.journeys.corporations import Browser, code_in, connected
from tests.journeys.scene import Scene, everywhere, proves
from tests.races import at_once
from tests.servers.plinto import manage
from tests.sso import saml_leavers
from tests.sso.attacks.signing import key_of


@proves(door_controls.SSO_SIGN_IN)
def an_assertion_signs_in_once_and_only_who_asked(scene: Scene) -> Iterator[None]:
    corp = connected(scene.world, scene.signed_in())
    browser, stranger = (Browser(scene.caller()) for _ in range(2))
    first = browser.exchange(corp.code(browser)).body
    yield
    asked = corp.begin(browser)
    corp.begin(stranger)
    value = corp.answer(asked)
    callers = [scene.caller() for _ in range(3)]
    racers = at_once(lambda n: corp.post(callers[n], value, asked.relay_state), times=3)
    assert sorted(each.status for each in racers) == [303, 400, 400]
    [posted] = [each for each in racers if each.status == 303]
    assert corp.come_back(stranger, posted).status == 400
    code = code_in(corp.come_back(browser, posted))
    assert corp.come_back(browser, posted).status == 400
    assert browser.exchange(code).body["user"]["id"] == first["user"]["id"]
    assert browser.exchange(code).status == 401
    scene.world.sql("UPDATE sso_connection SET is_enabled = false WHERE slug = %s", corp.slug)
    assert everywhere(lambda: browser.get(f"{corp.path}/login")) == {404}


@proves(door_controls.SSO_SIGN_OUT)
def whom_the_provider_signs_out_is_refused(scene: Scene) -> Iterator[None]:
    corp = connected(scene.world, scene.signed_in())
    browser = Browser(scene.caller())
    access = browser.exchange(corp.code(browser)).body["access"]

    def me() -> Answer:
        return scene.caller().send("GET", "/api/v1/me", token=access)

    assert everywhere(me) == {200}
    yield
    message = saml_leavers.asking(corp, "ada")
    forged = saml_leavers.posted(message, key_of("attacker"))
    assert corp.sign_out(scene.caller(), forged).status == 400
    assert everywhere(me) == {200}
    assert corp.sign_out(scene.caller(), saml_leavers.request(corp, "ada")).status == 303
    assert everywhere(me) == {401}


@proves(door_controls.SERVICE_KEYS)
def requests_are_signed_with_the_same_keys(scene: Scene) -> Iterator[None]:
    corp = connected(scene.world, scene.signed_in())
    caller = scene.caller()
    before = caller.send("GET", f"{corp.path}/metadata").content
    yield
    assert caller.send("GET", f"{corp.path}/metadata").content == before
    assert "There is a service key." in manage(
        "rotate_service_key", "--if-none", environment=scene.world.web.environment
    )
