"""
The trail of an organization in a deployment: taken along as a file, verified, and looked at.

The worker is killed with -9 while it writes the file. ``JOURNEY_SCREENSHOTS=1`` renews the
pictures in ``docs/images``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.factories import PASSWORD
from tests.journeys import chromium
from tests.journeys.clubs import Club, founded
from tests.journeys.waiting import eventually
from tests.journeys.world import World, deployed
from tests.servers.plinto import ROOT, WorkerProcess, manage
from tests.servers.postgres import PostgresServer

# One group: the server is started once, and two browsers never compete.
pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("browser")]

WITH_SCREENSHOTS = bool(os.environ.get("JOURNEY_SCREENSHOTS"))
MANY = 2_000
# Rows as they are recorded, whose agents hardly compress, so that the file has several parts.
_FILL = """
INSERT INTO audit_row (id, occurred_at, action, outcome, reason, actor_kind, actor_id, target_kind,
    target_id, organization_id, request_id, personal, changes)
SELECT gen_random_uuid(), now(), 'role.created', 'success', '', 'system', '', 'role', n::text, %s,
    '', jsonb_build_object('agent', said), '{}'
FROM generate_series(1, %s) n
CROSS JOIN LATERAL (SELECT string_agg(md5(n::text || i), '') FROM generate_series(1, 40) i) x(said)
"""
_PROMOTION = """
UPDATE accounts_user SET email = 'ada@example.com', email_key = 'ada@example.com',
    is_staff = true, is_superuser = true WHERE email = %s
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.launched() as started:
        yield started


@pytest.fixture(scope="module")
def world(browser: Browser, shared_postgres: PostgresServer) -> Iterator[World]:
    # The browser comes first, so that a machine without one starts nothing in vain.
    with deployed(shared_postgres, with_static=True, WEB_WORKERS="1") as world:
        yield world


@pytest.fixture(scope="module")
def worker(world: World) -> Iterator[WorkerProcess]:
    with WorkerProcess.start(world.web.environment) as worker:
        yield worker


@pytest.fixture(scope="module")
def club(world: World, worker: WorkerProcess) -> Club:
    """An organization with a long trail, all of it signed."""
    (email,) = world.populate(1)
    owner = world.visitor(email, is_kept=False)
    assert owner.sign_in().status == 200
    club = founded(world, owner)
    world.sql(_FILL, club.id, MANY)
    signed = "SELECT 1 FROM audit_chain_head WHERE chain = %s AND signed_sequence > %s"
    eventually(lambda: world.sql(signed, club.id, MANY), seconds=120)
    return club


def test_a_file_is_whole_and_verifies_although_its_writer_was_killed(
    world: World, worker: WorkerProcess, club: Club, tmp_path: Path
) -> None:
    asked = club.send(club.owner, "POST", "/audit/export", {"format": "jsonl"})
    assert asked.status == 202
    where = f"/audit/export/{asked.body['id']}"
    parts = "SELECT count(*) FROM audit_trail_export_part"
    eventually(lambda: world.sql(parts)[0][0] > 0, seconds=60)
    worker.kill()
    assert club.send(club.owner, "GET", where).status in {200, 202}
    # As if the lease of the dead were over.
    world.sql("UPDATE audit_trail_export SET due_at = now() WHERE state = 'due'")
    worker.restart()

    taken = eventually(lambda: _taken(club, where), seconds=120)

    file, keys = tmp_path / "trail.jsonl", tmp_path / "keys.json"
    file.write_bytes(taken)
    keys.write_bytes(club.owner.caller.send("GET", "/.well-known/audit-jwks.json").content)
    words = ("verify_audit", "--from", str(file), "--keys", str(keys))
    assert "are as they were sealed" in manage(*words, environment=world.web.environment)
    assert taken.count(b'"statement":"row"') > MANY


def _taken(club: Club, where: str) -> bytes:
    answer = club.send(club.owner, "GET", where)
    if answer.status == 202:
        return b""
    assert len(answer.content) == int(answer.headers["Content-Length"])
    return answer.content


def test_an_administrator_sees_how_far_rows_are_proved_and_checks_one(
    world: World, club: Club, browser: Browser
) -> None:
    (email,) = world.populate(1)
    world.sql(_PROMOTION, email)
    with chromium.opened(browser, viewport={"width": 1440, "height": 900}) as page:
        page.goto(f"{world.web.url}/admin/audit/auditrow/?q={club.owner.user_id}")
        page.get_by_label("Email").fill("ada@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_text("signed (").first).to_be_visible()
        _picture(page, "trail-list")
        made = page.locator("#result_list tr").filter(has_text="organization.created")
        made.get_by_role("link").first.click()
        expect(page.get_by_role("heading", name="Proof")).to_be_visible()
        page.get_by_role("link", name="Check this row").click()
        expect(page.get_by_text("This row stands as it was signed")).to_be_visible()
        _picture(page, "trail-row", is_whole=True)
        page.goto(f"{world.web.url}/admin/audit/checkpoint/?q={club.id}")
        expect(page.locator("#result_list tbody tr").first).to_be_visible()
        _picture(page, "trail-checkpoints")


def _picture(page: Page, name: str, *, is_whole: bool = False) -> None:
    if WITH_SCREENSHOTS:
        page.screenshot(path=ROOT / "docs" / "images" / f"{name}.png", full_page=is_whole)
