"""An identity provider that provisions: what it sends, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from accounts.models import OrganizationDomain
from plinto.kernel.ids import uuid7
from sso.models import ScimGroup, ScimToken, ScimUser
from tests.accounts.organizations import Club
from tests.api import Api

SCIM = "/scim/v2"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
JSON = "application/scim+json"


class Provider:
    """The provider of one club, with its token."""

    def __init__(self, club: Club) -> None:
        self.club = club
        answer = club.as_(club.owner, "POST", "/scim/token")
        assert answer.status_code == 201, answer.content
        self.token = answer.json()["token"]

    def send(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        """Send a request about ``path`` below the address of the service."""
        return Api().send(
            method, SCIM + path, body, token=self.token, headers=headers, content_type=JSON
        )

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.send("GET", path, headers=headers)

    def find(self, kind: str, filter: str = "", **more: str) -> dict[str, Any]:
        """List what a filter chooses."""
        asked = {"filter": filter, **more} if filter else more
        answer = Api().client.get(
            f"{SCIM}/{kind}", asked, headers={"Authorization": f"Bearer {self.token}"}
        )
        assert answer.status_code == 200, answer.content
        return dict(answer.json())

    def names(self, filter: str, kind: str = "Users") -> set[str]:
        """The names of those that a filter chooses."""
        name = {"Users": "userName", "Groups": "displayName"}[kind]
        return {each[name] for each in self.find(kind, filter)["Resources"]}

    def user(self, user_name: str, **more: Any) -> dict[str, Any]:
        """Provision somebody, who has their name for an address if it is one."""
        answer = self.send("POST", "/Users", {"schemas": [USER], **more, "userName": user_name})
        assert answer.status_code == 201, answer.content
        return dict(answer.json())

    def group(self, name: str, *members: Mapping[str, Any]) -> dict[str, Any]:
        body = {"schemas": [GROUP], "displayName": name, "members": references(*members)}
        answer = self.send("POST", "/Groups", body)
        assert answer.status_code == 201, answer.content
        return dict(answer.json())

    def patch(self, kind: str, whom: Mapping[str, Any], *operations: Any) -> HttpResponse:
        return self.send("PATCH", f"/{kind}/{whom['id']}", operated(*operations))

    def switch(self, whom: Mapping[str, Any], *, active: Any) -> HttpResponse:
        return self.patch("Users", whom, {"op": "replace", "path": "active", "value": active})


def operated(*operations: Any) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(operations)}


def references(*whom: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"value": each["id"]} for each in whom]


def proved(club: Club, domain: str = "example.com") -> str:
    """Let the club have proved a domain."""
    now = timezone.now()
    OrganizationDomain.objects.create(
        organization_id=club.id, name=domain, token=uuid7().hex, created_at=now, verified_at=now
    )
    return domain


def described_in(club: Club) -> dict[str, Any]:
    """Somebody and something that the provider of a club described, and its token."""
    now = timezone.now()
    rest = {"organization_id": club.id, "created_at": now, "updated_at": now}
    ScimToken.objects.get_or_create(
        organization_id=club.id, defaults={"digest": uuid7().bytes * 2, "created_at": now}
    )
    user = ScimUser.objects.create(user_name="ada", user_name_key="ada", **rest)
    group = ScimGroup.objects.create(display_name="poets", display_name_key="poets", **rest)
    return {
        "resource_id": user.pk,
        "group_id": group.pk,
        "resource_type": "User",
        "scim_schema": USER,
    }
