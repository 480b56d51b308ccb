"""One prober for each row of the degrade contract; ``tests.journeys.scene`` says how they run."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator

from accounts import controls
from audit import controls as audit_controls
from resilience import contract
from resilience import controls as resilience_controls
from tests.factories import PASSWORD
from tests.journeys import (  # noqa: F401 - each registers its probers
    probers_of_api_keys,
    probers_of_arrivals,
    probers_of_connections,
    probers_of_deliveries,
    probers_of_domains,
    probers_of_endpoints,
    probers_of_factors,
    probers_of_forward_auth,
    probers_of_letters,
    probers_of_openid,
    probers_of_organizations,
    probers_of_passkeys,
    probers_of_privacy,
    probers_of_saml,
    probers_of_scim,
    probers_of_sealing,
    probers_of_social,
    probers_of_terms,
    probers_of_trail_exports,
)
from tests.journeys.desk import PEOPLE
from tests.journeys.probers_at_doors import NEW_PASSWORD
from tests.journeys.scene import PROBERS, Scene, everywhere, proves
from tests.journeys.waiting import eventually
from tests.servers.plinto import manage

__all__ = ["PROBERS"]

Probe = Iterator[None]

_ASK_THE_CACHE = """
from django.core.cache import cache
for _ in range(6):  # one more than open the circuit
    cache.set("mine", 1, 60)
print(cache.get("before"), cache.get("mine"), cache.get("mine", stale="never"))
"""


@proves(controls.SESSION_REVOCATION)
def ended_sessions_are_refused(scene: Scene) -> Probe:
    owner = scene.signed_in()
    before, after, rest = (scene.signed_in(owner.email) for _ in range(3))
    assert owner.send("DELETE", f"/sessions/{before.session_id}").status == 204
    yield
    assert everywhere(before.me) == {401}
    assert everywhere(after.me) == {200}
    assert owner.send("DELETE", f"/sessions/{after.session_id}").status == 204
    assert everywhere(after.me) == {401}
    assert owner.send("DELETE", "/sessions").status == 204
    assert everywhere(rest.me) == {401}
    assert {visitor.go_on().status for visitor in (before, after, rest)} == {401}
    assert everywhere(owner.me) == {200}


@proves(controls.SWITCHED_OFF)
def people_who_are_off_stay_out(scene: Scene) -> Probe:
    administrator = scene.desk(is_superuser=True)
    before, after = scene.signed_in(), scene.signed_in()
    assert administrator.act("deactivate", before.user_id).status == 302
    yield
    assert everywhere(before.me) == {401}
    assert everywhere(after.me) == {200}
    assert administrator.act("deactivate", after.user_id).status == 302
    for visitor in (before, after):
        assert everywhere(visitor.me) == {401}
        assert (visitor.go_on().status, visitor.sign_in().status) == (401, 401)


@proves(controls.PROFILES)
def changes_are_seen_at_once(scene: Scene) -> Probe:
    visitor = scene.signed_in()
    assert visitor.send("PATCH", "/me", {"name": "Before"}).status == 200
    yield
    for name in ("During", "Later"):
        assert visitor.send("PATCH", "/me", {"name": name}).status == 200
        assert {visitor.me().body["name"] for _ in range(8)} == {name}


@proves(controls.SIGNING_KEYS)
def forged_tokens_are_refused(scene: Scene) -> Probe:
    def keys() -> str:
        return json.dumps(scene.caller().send("GET", "/.well-known/jwks.json").body)

    visitor, published = scene.signed_in(), keys()
    yield
    assert everywhere(visitor.me) == {200}
    good = visitor.access
    head, body, signature = good.split(".")
    header = json.loads(urlsafe_b64decode(head + "=="))
    forged = [
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{_spelt({**header, 'alg': 'none'})}.{body}.",
        f"{_spelt({**header, 'kid': 'another'})}.{body}.{signature}",
    ]
    for visitor.access in forged:
        assert everywhere(visitor.me) == {401}
    assert {keys() for _ in range(8)} == {published}


def _spelt(header: dict[str, str]) -> str:
    return urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")


@proves(controls.STAFF_SESSIONS)
def ended_staff_sessions_are_sent_away(scene: Scene) -> Probe:
    desk = scene.desk(is_superuser=True)
    locked = scene.desk(is_superuser=True)
    assert desk.get(PEOPLE).status == 200
    yield
    assert {desk.get(PEOPLE).status for _ in range(4)} == {200}
    person = scene.signed_in(desk.email)
    assert person.send("DELETE", "/sessions").status == 204
    assert {desk.get(PEOPLE).location.split("?")[0] for _ in range(4)} == {"/admin/login/"}
    guesses = Counter(locked.sign_in("a guess at an administrator").status for _ in range(14))
    assert guesses == {200: 10, 429: 4}
    assert locked.sign_in().status == 429


@proves(controls.STAFF_RIGHTS)
def a_right_that_was_removed_is_refused(scene: Scene) -> Probe:
    administrator, staff = scene.desk(is_superuser=True), scene.desk(is_superuser=False)
    scene.world.sql(
        "INSERT INTO accounts_user_user_permissions (user_id, permission_id)"
        " SELECT %s, id FROM auth_permission WHERE codename = 'change_user'",
        scene.id_of(staff.email),
    )
    person = scene.signed_in()
    assert staff.act("end_sessions", person.user_id).status == 302
    assert person.me().status == 401
    yield
    assert person.sign_in().status == 200
    assert {staff.get(PEOPLE).status for _ in range(4)} == {200}
    form = {"email": staff.email, "name": "", "locale": "", "timezone": "", "is_staff": "on"}
    saved = administrator.post(f"{PEOPLE}{scene.id_of(staff.email)}/change/", form)
    assert (saved.status, saved.location) == (302, PEOPLE)
    assert {staff.get(PEOPLE).status for _ in range(4)} == {403}
    assert staff.act("end_sessions", person.user_id).status == 403
    assert everywhere(person.me) == {200}


@proves(audit_controls.TRAIL)
def acts_and_refusals_are_recorded(scene: Scene) -> Probe:
    visitor = scene.signed_in()
    yield
    assert visitor.send("PATCH", "/me", {"name": "Recorded"}).status == 200
    assert visitor.sign_in("not the password").status == 401
    rows = scene.world.sql(
        "SELECT action, outcome FROM audit_row WHERE actor_id = %s OR target_id = %s"
        " ORDER BY occurred_at DESC LIMIT 2",
        visitor.user_id,
        visitor.user_id,
    )
    assert set(rows) == {("user.updated", "success"), ("session.refused", "refused")}


@proves(resilience_controls.CACHE_READS)
def the_cache_answers_what_its_process_knows(scene: Scene) -> Probe:
    yield
    printed = manage(
        "shell", "-v", "0", "-c", _ASK_THE_CACHE, environment=scene.world.web.environment
    )
    is_trusted = scene.state in {"empty", "slow"}
    # Transitions of the circuit are logged before it.
    assert printed.splitlines()[-1].split() == ["None", "1", "1" if is_trusted else "None"]


@proves(resilience_controls.READINESS)
def processes_stay_ready_and_say_what_holds(scene: Scene) -> Probe:
    caller = scene.caller()
    yield
    assert everywhere(lambda: caller.send("GET", "/health/ready")) == {200}
    if scene.state in {"gone", "stalled"}:
        degraded = eventually(
            lambda: caller.send("GET", "/health/ready").body.get("degraded"), seconds=10
        )
        [redis] = degraded
        assert redis["what"] == "redis"
        assert redis["guarantees"] == contract.guarantees("redis", scene.state)


@proves(controls.PASSWORD_LINKS)
def reset_links_work_once(scene: Scene) -> Probe:
    person, other = scene.signed_in(), scene.visitor()

    def confirm(token: str) -> int:
        body = {"token": token, "password": NEW_PASSWORD}
        return scene.caller().send("POST", "/api/v1/auth/password/reset/confirm", body).status

    used, waiting = scene.reset_tokens(other.email, person.email)
    assert confirm(used) == 204
    yield
    assert confirm(used) == 401
    assert confirm(waiting) == 204
    assert {confirm(waiting) for _ in range(4)} == {401}
    assert everywhere(person.me) == {401}
    assert (person.sign_in(PASSWORD).status, person.sign_in(NEW_PASSWORD).status) == (401, 200)
