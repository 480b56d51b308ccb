"""The worlds in which the examples about an organization's trail may be sent."""

from __future__ import annotations

from collections.abc import Callable

from audit.models import AuditRow
from audit.services import sealing, trail_exports
from resilience.worker import Shift, run_until_idle
from tests.accounts.worlds import Given, World


def with_a_signed_trail(world: World) -> Given:
    assert world.club
    run_until_idle([sealing.QUEUE], shift=Shift())
    return world.in_club(row_id=AuditRow.objects.get(action="organization.created").pk)


def with_a_trail_export(world: World) -> Given:
    asked = world.club.as_(world.ada, "POST", "/audit/export", {"format": "jsonl"})
    run_until_idle([sealing.QUEUE, trail_exports.QUEUE], shift=Shift())
    return world.in_club(trail_export_id=asked.json()["id"])


PREPARED: dict[str, Callable[[World], Given]] = {
    "list_trail": World.in_club,
    "prove_trail_row": with_a_signed_trail,
    "request_trail_export": World.in_club,
    "take_trail_export": with_a_trail_export,
}
