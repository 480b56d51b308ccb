"""Owners who act in their organizations while servers die under them, and what they were told."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4

from tests.factories import PASSWORD
from tests.journeys.clients import Answer, BrokenConnection, Visitor
from tests.journeys.clubs import Club

# An account writes a hundred invitations an hour at most.
MOST_INVITATIONS = 90
KEYS_KEPT = 3
# The database is away, or busy.
NOT_NOW = {503}


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An act that was answered with success: its request, and the word it leaves in the trail."""

    request_id: str
    action: str


@dataclass
class Owner:
    """Acts without pause; ``wrong`` holds answers that are neither success nor 503."""

    club: Club
    member: Visitor
    draw: random.Random
    done: list[Acknowledged] = field(default_factory=list)
    unanswered: int = 0
    wrong: list[str] = field(default_factory=list)
    _invited: int = 0
    _role: str = ""
    _keys: list[str] = field(default_factory=list)

    def go_on_until(self, over: threading.Event) -> None:
        acts: list[Callable[[], None]] = [
            self._sign_up,
            self._sign_in,
            *[self._invite, self._promote, self._make_key, self._end_key] * 3,
        ]
        while not over.is_set():
            try:
                self.draw.choice(acts)()
            except BrokenConnection:
                self._not_now()

    def _not_now(self) -> None:
        self.unanswered += 1
        time.sleep(0.05)

    def _sign_up(self) -> None:
        body = {"email": f"{uuid4().hex}@example.com", "password": PASSWORD}
        self._ask("POST", "/auth/register", body, wanted=202, action="user.registered")

    def _sign_in(self) -> None:
        body = {"email": self.club.owner.email, "password": PASSWORD}
        self._ask("POST", "/auth/login", body, wanted=200, action="session.started")

    def _invite(self) -> None:
        if self._invited >= MOST_INVITATIONS:
            return
        self._invited += 1
        body = {"email": f"{uuid4().hex}@example.com", "role": "viewer"}
        self._ask("POST", self._in("/invitations"), body, wanted=201, action="invitation.sent")

    def _promote(self) -> None:
        """Give the member the role they have not; after an answer that never came, look first."""
        role, self._role = self._role or self._role_there(), ""
        if not role:
            return
        other = "viewer" if role == "member" else "member"
        path = self._in(f"/members/{self.member.user_id}")
        if self._ask("PATCH", path, {"role": other}, wanted=200, action="member.updated"):
            self._role = other

    def _role_there(self) -> str:
        answer = self.club.members(self.club.owner)
        if answer.status != 200:
            return ""
        roles = {each["user"]["id"]: each["role"]["name"] for each in answer.body["results"]}
        return str(roles[self.member.user_id])

    def _make_key(self) -> None:
        if len(self._keys) >= KEYS_KEPT:
            return
        body = {"name": "Program", "scopes": ["members:read"]}
        made = self._ask("POST", self._in("/api-keys"), body, wanted=201, action="api_key.created")
        if made:
            self._keys.append(made.body["id"])

    def _end_key(self) -> None:
        if self._keys:
            path = self._in(f"/api-keys/{self._keys.pop()}")
            self._ask("DELETE", path, None, wanted=204, action="api_key.deleted")

    def _in(self, path: str) -> str:
        return f"/organizations/{self.club.id}{path}"

    def _ask(
        self, method: str, path: str, body: object, *, wanted: int, action: str
    ) -> Answer | None:
        request_id, owner = uuid4().hex, self.club.owner
        headers = {"X-Request-ID": request_id}
        answer = owner.caller.send(
            method, f"/api/v1{path}", body, token=owner.access, headers=headers
        )
        if answer.status == wanted:
            self.done.append(Acknowledged(request_id, action))
            return answer
        if answer.status in NOT_NOW:
            self._not_now()
        else:
            self.wrong.append(f"{method} {path}: {answer.status} {answer.content!r}")
        return None
