"""Clients that go on with their day while Redis dies, and remember who must stay out."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.journeys.clients import Caller, Visitor
from tests.journeys.ledger import Ledger
from tests.journeys.world import World

# Longer than any answer may take, stalled Redis included: silence beyond it is an error.
PATIENCE = 15.0


@dataclass
class Routine:
    """One person's day, over and over: in, look around, change, end another session, out."""

    world: World
    email: str
    address: str
    ledger: Ledger
    draw: random.Random
    ended: list[Visitor] = field(default_factory=list)
    days: int = 0

    def __post_init__(self) -> None:
        kept = Caller(self.world.web.port, address=self.address, timeout=PATIENCE)
        self._visitor = Visitor(kept, self.email)
        self._name = ""

    def go_on_until(self, end: float) -> None:
        while time.monotonic() < end:
            self.live_a_day()

    def live_a_day(self) -> None:
        self.days += 1
        visitor = self._visitor
        if self._expect("login", visitor.sign_in, 200):
            self._look_around(visitor, name=f"Name {self.days}")
            self._end_another(visitor)
            self._leave(visitor)

    def work_a_shift(self) -> None:
        """Stay signed in, look around three times at length, and end one other session."""
        visitor = self._visitor
        if not visitor.access:
            self._expect("login", visitor.sign_in, 200)
        # Not all at the same time: each of these hashes a password.
        turn = self.draw.randrange(3)
        for number in range(3):
            self.days += 1
            self._look_around(visitor, name=f"Name {self.days}")
            for _ in range(10):
                self._expect("me", visitor.me, 200, self._is_me)
            if number == turn:
                self._end_another(visitor)

    def knock_again(self) -> None:
        """Try every session that this person ended, with any worker; all must be refused."""
        for one in self.ended:
            self._expect("me, ended long ago", one.me, 401)

    def _look_around(self, visitor: Visitor, *, name: str) -> None:
        self._name = name
        change = {"name": name}
        self._expect("patch me", lambda: visitor.send("PATCH", "/me", change), 200, self._is_me)
        self._expect("me", visitor.me, 200, self._is_me)
        self._expect("refresh", visitor.go_on, 200)
        self._expect("me", visitor.me, 200, self._is_me)
        self._expect(
            "sessions",
            lambda: visitor.send("GET", "/sessions?limit=100"),
            200,
            lambda body: (
                [one["id"] for one in body["results"] if one["current"]] == [visitor.session_id]
            ),
        )

    def _is_me(self, body: Any) -> bool:
        return body["id"] == self._visitor.user_id and body["name"] == self._name

    def _end_another(self, visitor: Visitor) -> None:
        """Open a second session, use it on both workers, end it, and knock with it again."""
        anywhere = Caller(
            self.world.web.port, address=self.address, is_kept=False, timeout=PATIENCE
        )
        other = Visitor(anywhere, self.email)
        if not self._expect("login", other.sign_in, 200):
            return
        for _ in range(2):
            self._expect("me", other.me, 200, lambda body: body["id"] == visitor.user_id)
        ending = f"/sessions/{other.session_id}"
        self._expect("end session", lambda: visitor.send("DELETE", ending), 204)
        self.ended.append(other)
        for refused in (other, other, other, self.draw.choice(self.ended)):
            self._expect("me, ended", refused.me, 401)
        self._expect("refresh, ended", other.go_on, 401)

    def _leave(self, visitor: Visitor) -> None:
        self._expect("logout", lambda: visitor.send("POST", "/auth/logout"), 204)
        self._expect("me, ended", visitor.me, 401)

    def _expect(
        self,
        what: str,
        ask: Callable[[], Any],
        status: int,
        holds: Callable[[Any], bool] = lambda _body: True,
    ) -> bool:
        answer = self.ledger.expect(what, ask, status=status, holds=holds)
        return answer is not None and answer.status == status


@dataclass
class Watch:
    """Somebody who asks /health/ready all the time, of whichever worker answers."""

    caller: Caller
    seen: list[tuple[float, int, str]] = field(default_factory=list)

    def look(self) -> str:
        answer = self.caller.send("GET", "/health/ready")
        self.seen.append((answer.began, answer.status, answer.body["status"]))
        return self.seen[-1][2]

    def look_until(self, end: float) -> None:
        while time.monotonic() < end:
            self.look()
            time.sleep(0.1)

    def between(self, start: float, end: float) -> set[str]:
        return {status for moment, _, status in self.seen if start < moment < end}
