"""An organization at the doors of a deployment, and what its people do there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from plinto.kernel.ids import uuid7
from tests.journeys.clients import Answer, Visitor
from tests.journeys.world import World

_JOIN = """
INSERT INTO accounts_membership (id, organization_id, user_id, role_id, created_at)
SELECT %s, organization_id, %s, id, now() FROM accounts_role
WHERE organization_id = %s AND name = %s
"""


@dataclass
class Club:
    """One organization, and the visitor who owns it."""

    world: World
    owner: Visitor
    id: str

    def joined(self, visitor: Visitor, role: str) -> Visitor:
        """Put somebody who was never in it into it, as if they had been invited."""
        self.world.sql(_JOIN, uuid7(), visitor.user_id, self.id, role)
        return visitor

    def send(self, by: Visitor, method: str, path: str, body: Any = None) -> Answer:
        return by.send(method, f"/organizations/{self.id}{path}", body)

    def members(self, by: Visitor) -> Answer:
        """Ask for what needs ``members:read``."""
        return self.send(by, "GET", "/members")

    def promote(self, whom: Visitor, role: str) -> int:
        """Let the owner give somebody a role."""
        return self.send(self.owner, "PATCH", f"/members/{whom.user_id}", {"role": role}).status

    def remove(self, whom: Visitor) -> int:
        """Let the owner take somebody out."""
        return self.send(self.owner, "DELETE", f"/members/{whom.user_id}").status


def founded(world: World, owner: Visitor) -> Club:
    """Let somebody who is signed in make an organization."""
    body = {"name": "Engines", "slug": f"engines-{uuid4().hex[:12]}"}
    made = owner.send("POST", "/organizations", body)
    assert made.status == 201
    return Club(world, owner, made.body["id"])
