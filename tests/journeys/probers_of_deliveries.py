"""The prober of webhooks: every event reaches its receiver, signed, under the id of the event."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from standardwebhooks import Webhook

from tests.journeys.clubs import Club, founded
from tests.journeys.scene import Scene, proves
from tests.journeys.waiting import eventually
from tests.servers.plinto import manage
from webhooks import delivery_controls

_MAKE = """
from django.utils import timezone
from webhooks.models import Endpoint
from webhooks.services import endpoint_secrets
text, kept = endpoint_secrets.drawn()
Endpoint.objects.create(
    organization_id="{organization}", url="{url}", events=["role.*"], secret=kept,
    created_at=timezone.now(),
)
print(text)
"""


@proves(delivery_controls.DELIVERIES)
def events_reach_their_receiver(scene: Scene) -> Iterator[None]:
    assert scene.hooks is not None
    club, path = founded(scene.world, scene.signed_in()), f"/{uuid4().hex}"
    script = _MAKE.format(organization=club.id, url=f"{scene.hooks.url}{path}")
    secret = manage("shell", "-c", script, environment=scene.world.web.environment).split()[-1]
    _act(club, "before")
    yield
    _act(club, "meanwhile")

    def told() -> set[str]:
        mine = [asked for asked in list(scene.hooks.asked) if asked.path == path]
        messages = {
            asked.headers["webhook-id"]: Webhook(secret).verify(asked.body, dict(asked.headers))
            for asked in mine
        }
        return {told["data"]["target"]["id"] for told in messages.values()}

    eventually(lambda: len(told()) == 2, seconds=30)


def _act(club: Club, name: str) -> None:
    made = club.send(club.owner, "POST", "/roles", {"name": name, "permissions": ["members:read"]})
    assert made.status == 201
