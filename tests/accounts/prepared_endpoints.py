"""The worlds in which the examples about webhooks may be sent."""

from __future__ import annotations

from collections.abc import Callable

from tests.accounts.worlds import Given, World
from tests.webhooks.club_endpoints import told_to


def with_an_endpoint(world: World) -> Given:
    return world.in_club(**told_to(world.club))


PREPARED: dict[str, Callable[[World], Given]] = {
    **dict.fromkeys(
        (
            *("list_endpoints", "get_endpoint", "update_endpoint", "delete_endpoint"),
            *("rotate_endpoint_secret", "send_test_event"),
            *("list_deliveries", "redeliver", "redeliver_failed"),
        ),
        with_an_endpoint,
    ),
    "enable_endpoint": lambda world: world.in_club(**told_to(world.club, is_paused=True)),
    "create_endpoint": World.in_club,
}
