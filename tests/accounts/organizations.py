"""Organizations and the people in them, for tests whose subject begins after they were made."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone

from accounts.models import Membership, Role
from plinto.kernel.ids import uuid7
from tests.accounts.people import Person, signed_in
from tests.api import Api

ORGANIZATIONS = "/api/v1/organizations"


class Club:
    """One organization, and what its people do over HTTP."""

    def __init__(self, api: Api, owner: Person | None = None) -> None:
        self.api = api
        self.owner = owner or signed_in(api)
        body = {"name": "Analytical Engines", "slug": f"engines-{uuid7().hex[-12:]}"}
        answer = api.post(ORGANIZATIONS, body, token=self.owner.access)
        assert answer.status_code == 201, answer.content
        self.slug = body["slug"]
        self.id = UUID(answer.json()["id"])
        self.path = f"{ORGANIZATIONS}/{self.id}"

    def joined(self, role: str = "member", *, person: Person | None = None) -> Person:
        """Somebody who is in it with a role, as if they had been invited."""
        person = person or signed_in(self.api)
        Membership.objects.create(
            organization_id=self.id,
            user=person.user,
            role=Role.objects.get(organization_id=self.id, name=role),
            created_at=timezone.now(),
        )
        return person

    def role(self, name: str, *permissions: str) -> str:
        """Let the owner make a role, and return its id."""
        answer = self.as_(self.owner, "POST", "/roles", {"name": name, "permissions": permissions})
        assert answer.status_code == 201, answer.content
        return str(answer.json()["id"])

    def holding(self, *permissions: str) -> Person:
        """Somebody whose role holds just these permissions."""
        name = f"role-{uuid7().hex[-12:]}"
        self.role(name, *permissions)
        return self.joined(name)

    def as_(self, person: Person, method: str, path: str = "", body: Any = None) -> HttpResponse:
        """Send a request about the organization."""
        return self.api.send(method, self.path + path, body, token=person.access)

    def promote(self, by: Person, whom: Person, role: str) -> HttpResponse:
        return self.as_(by, "PATCH", f"/members/{whom.user.pk}", {"role": role})

    def remove(self, by: Person, whom: Person) -> HttpResponse:
        return self.as_(by, "DELETE", f"/members/{whom.user.pk}")

    def may(self, person: Person, permission: str) -> bool:
        """Ask whether somebody may do something; they must be in it."""
        answer = self.as_(person, "GET", f"/permissions/check?permission={permission}")
        assert answer.status_code == 200, answer.content
        return bool(answer.json()["allowed"])
