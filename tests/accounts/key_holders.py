"""Programs that hold an API key of an organization, and what they do with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse

from accounts.models import ApiKey
from tests.accounts.organizations import Club
from tests.accounts.people import Person

INTROSPECT = "/api/v1/auth/token/introspect"
REVOKE = "/api/v1/auth/token/revoke"
EVERY_SCOPE = [
    f"{subject}:*"
    for subject in (
        *("organization", "members", "roles", "sso", "api_keys", "tokens", "webhooks", "audit"),
    )
]


@dataclass
class Program:
    """A key of a club, and the text it is used by."""

    club: Club
    id: str
    text: str = field(repr=False)

    def ask(self, token: str, *, key: str = "", **options: Any) -> HttpResponse:
        """Ask what a token is worth, with this key unless told which."""
        return self.club.api.post(INTROSPECT, {"token": token}, token=key or self.text, **options)

    def told(self, token: str) -> dict[str, Any]:
        answer = self.ask(token)
        assert answer.status_code == 200, answer.content
        return dict(answer.json())

    def form(self, path: str, **fields: str) -> HttpResponse:
        """Send a form as an OAuth library does."""
        kind = "application/x-www-form-urlencoded"
        return self.club.api.post(path, urlencode(fields), token=self.text, content_type=kind)

    def revoke(self, token: str) -> HttpResponse:
        return self.club.api.post(REVOKE, {"token": token}, token=self.text)

    def works(self, text: str = "") -> bool:
        """Tell whether the key, or another text, is let in where keys are."""
        answer = self.ask("nothing", key=text)
        assert answer.status_code in {200, 401}, answer.content
        return answer.status_code == 200

    def rotate(self, by: Person | None = None, **body: Any) -> HttpResponse:
        return self.club.as_(by or self.club.owner, "POST", f"/api-keys/{self.id}/rotate", body)

    def change(self, by: Person | None = None, **body: Any) -> HttpResponse:
        return self.club.as_(by or self.club.owner, "PATCH", f"/api-keys/{self.id}", body)

    def delete(self, by: Person | None = None) -> HttpResponse:
        return self.club.as_(by or self.club.owner, "DELETE", f"/api-keys/{self.id}")

    @property
    def row(self) -> ApiKey:
        return ApiKey.objects.get(pk=self.id)


def made(club: Club, *scopes: str, by: Person | None = None, **fields: Any) -> Program:
    """Let somebody in a club, its owner unless told who, make a key."""
    body = {"name": "Billing", "scopes": scopes or ["tokens:introspect"], **fields}
    answer = club.as_(by or club.owner, "POST", "/api-keys", body)
    assert answer.status_code == 201, answer.content
    return Program(club, answer.json()["id"], answer.json()["key"])
