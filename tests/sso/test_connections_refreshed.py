"""The worker asks providers what they publish; what was good last outlives whatever they do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audit.models import AuditRow
from resilience import leases
from resilience.worker import Shift, run_until_idle
from sso.models import Connection, Refresh
from sso.services import metadata_refresh
from tests.races import at_once
from tests.servers.identity_provider import IdentityProvider
from tests.servers.website import Reply
from tests.sso.attacks.signing import armoured, key_of
from tests.sso.club_connections import ClubConnection
from tests.sso.publisher import Publisher, publishing


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with publishing() as running:
        running.said.signer = key_of("federation")
        yield running


@pytest.fixture
def signed(club, publisher) -> ClubConnection:
    """A connection whose metadata must be signed by a key that is pinned."""
    pinned = armoured(key_of("federation").certificate, "CERTIFICATE").decode()
    return ClubConnection(club, metadata_url=publisher.url, metadata_signer=pinned)


def pass_hours(hours: int = 1) -> None:
    """Let the worker find due what it would ask within so many hours."""
    later = datetime.now(UTC) + timedelta(hours=hours)
    Refresh.objects.filter(due_at__lte=later).update(due_at=datetime.now(UTC))
    run_until_idle([metadata_refresh.QUEUE], shift=Shift())


def told(outcome: str) -> list[AuditRow]:
    rows = AuditRow.objects.filter(action__startswith="connection.metadata_", outcome=outcome)
    return list(rows.order_by("pk"))


def facts(connection: ClubConnection) -> dict[str, Any]:
    shown = connection.shown()
    return {name: shown[name] for name in ("entity_id", "sso_url", "certificates")}


def test_a_new_certificate_is_trusted_beside_the_old_one_and_told(signed, publisher):
    publisher.said.keys = (key_of("idp"), key_of("next"))
    pass_hours()
    assert [each["subject"] for each in facts(signed)["certificates"]] == ["CN=idp", "CN=next"]
    [row] = told("success")
    assert (row.actor_kind, row.organization_id) == ("system", signed.club.id)
    assert [len(side) for side in row.changes["certificates"]] == [1, 2]
    pass_hours()
    assert len(told("success")) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"reply": Reply(status=500)}, "fetching: status 500"),
        ({"reply": Reply(parts=(b"",))}, "document"),
        ({"keys": (key_of("evil"),), "signer": None}, "signature: metadata are not signed"),
        ({"keys": (key_of("evil"),), "signer": key_of("evil")}, "signature: metadata are not by"),
        ({"entity_id": "https://evil.example/"}, "metadata: describes no identity provider"),
        ({"valid_until": datetime(2026, 1, 1, tzinfo=UTC)}, "valid until the past"),
        ({"sso_url": "javascript:alert(1)"}, "metadata: SingleSignOnService"),
    ],
)
def test_what_is_not_believed_changes_nothing_and_is_told_once(signed, publisher, change, reason):
    before = facts(signed)
    for name, value in change.items():
        setattr(publisher if name == "reply" else publisher.said, name, value)
    pass_hours()
    pass_hours(3)
    assert facts(signed) == before
    shown = signed.shown()["metadata"]
    assert shown["failing_since"] is not None
    assert shown["last_error"].startswith(reason)
    [row] = told("refused")
    assert (row.action, row.reason) == ("connection.metadata_refused", shown["last_error"])


def test_a_provider_that_comes_back_is_well_again_and_may_fail_anew(signed, publisher):
    for _ in range(2):
        publisher.reply = Reply(status=500)
        pass_hours()
        publisher.reply = None
        pass_hours(3)
        shown = signed.shown()["metadata"]
        assert (shown["failing_since"], shown["last_error"]) == (None, "")
    assert len(told("refused")) == 2


def test_other_facts_over_plain_http_are_not_believed_unsigned(club, publisher):
    publisher.said.signer = None
    made = ClubConnection(club, metadata_url=publisher.url)
    before = facts(made)
    publisher.said.keys = (key_of("idp"), key_of("evil"))
    pass_hours()
    assert facts(made) == before
    assert told("refused")[0].reason == "other facts came unsigned and over plain http"


def test_a_failure_is_tried_again_later_and_later(signed, publisher):
    publisher.reply = Reply(status=500)
    now = datetime.now(UTC)
    waits = []
    for attempt in (1, 4, 40):
        Refresh.objects.update(attempts=attempt - 1, due_at=now)
        run_until_idle([metadata_refresh.QUEUE], shift=Shift(clock=lambda: now))
        waits.append(Refresh.objects.get().due_at - now)
    bounds = [timedelta(minutes=3), timedelta(minutes=17), timedelta(minutes=121)]
    assert all(
        timedelta(minutes=1) <= wait <= most for wait, most in zip(waits, bounds, strict=True)
    )


def test_a_connection_that_is_off_is_not_asked_about(signed, publisher):
    Connection.objects.update(is_enabled=False)
    before = publisher.times_asked
    pass_hours()
    assert publisher.times_asked == before
    assert Refresh.objects.get().due_at > datetime.now(UTC)


def test_of_two_workers_one_asks(signed, publisher):
    before = publisher.times_asked
    Refresh.objects.update(due_at=datetime.now(UTC))
    at_once(lambda _: metadata_refresh.QUEUE.run_due(Shift()), times=2)
    assert publisher.times_asked == before + 1


def test_a_worker_that_was_overtaken_writes_nothing(signed, publisher):
    now = datetime.now(UTC)
    Refresh.objects.update(due_at=now)
    rows = Refresh.objects.all()
    [row] = leases.claim(rows, limit=1, lease_for=timedelta(minutes=2), now=now)
    publisher.said.keys = (key_of("next"),)
    assert signed.send("POST", "/metadata", {}).status_code == 200
    newest = facts(signed)
    publisher.said.keys = (key_of("idp"),)
    metadata_refresh.refresh(row, now=now)
    assert facts(signed) == newest


def test_an_openid_provider_is_asked_for_its_metadata_and_keys(club, settings):
    with IdentityProvider() as idp:
        settings.OUTBOUND_ALLOWED = {idp.destination}
        made = ClubConnection(club, "oidc", issuer=idp.url)
        run_until_idle([metadata_refresh.QUEUE], shift=Shift())
    assert made.shown()["metadata"]["fetched_at"] is not None
    kept = made.row.oidc
    assert (kept.metadata["issuer"], len(kept.keys["keys"])) == (idp.url, 1)
    assert told("success")[0].action == "connection.metadata_changed"
