"""What callers may see while PostgreSQL fails: what they asked for, or a refusal in our shape."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from uuid import uuid4

from tests.factories import PASSWORD
from tests.journeys.clients import Answer, BrokenConnection, Visitor
from tests.journeys.ledger import crowd, summary
from tests.journeys.waiting import eventually
from tests.journeys.world import World

GONE, BUSY = "SERVICE_UNAVAILABLE_ERROR", "DATABASE_BUSY"
# A refresh whose answer was a refusal may have been made all the same, and may be asked for again
# within ten seconds; half of that is left to machines that stop.
_SURE_WITHIN = 5.0


def is_ours(answer: Answer, *codes: str) -> bool:
    """Tell whether it is a refusal as documented, with one of ``codes``, else ``GONE``."""
    body = answer.body
    return (
        answer.status == 503
        and int(answer.headers["Retry-After"]) >= 1
        and body["error"] in (codes or (GONE,))
        and body["status_code"] == 503
        and body["request_id"] == answer.headers["X-Request-ID"]
    )


def anyone(world: World) -> Visitor:
    """Somebody whom any worker may answer."""
    [email] = world.populate(1)
    return world.visitor(email, is_kept=False)


def everything_asked(visitor: Visitor) -> list[Answer]:
    """Ask what needs the database, twice, so that either worker may answer."""
    asks = [visitor.me, visitor.go_on, visitor.sign_in, lambda: visitor.send("GET", "/sessions")]
    return [ask() for ask in asks * 2]


def statuses(world: World, path: str) -> set[int]:
    """What a public page answers, whichever worker is asked."""
    return {answer.status for answer in world.heard(path)}


def is_well(world: World) -> bool:
    """Tell whether both processes take requests and each finds its database."""
    caller = world.caller(is_kept=False)
    pages = [caller.send("GET", "/health/circuit-breaker").body for _ in range(20)]
    pids = {worker["pid"] for page in pages for worker in page["workers"]}
    return pids >= set(world.web.worker_pids()) and statuses(world, "/health/ready") == {200}


def wait_until_well(world: World) -> World:
    # A worker that is still starting when the database goes knows no key yet.
    eventually(lambda: is_well(world), seconds=30)
    return world


@dataclass
class Crowd:
    """
    People who go on whatever happens, and remember what was acknowledged.

    ``wrong`` holds every answer, in words, that was neither what they wanted nor a refusal with
    one of ``codes``.
    """

    world: World
    size: int = 3
    codes: tuple[str, ...] = (GONE,)
    answers: list[Answer] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    people: list[_Person] = field(init=False)

    def __post_init__(self) -> None:
        self.people = [_Person(self, anyone(self.world)) for _ in range(self.size)]

    @contextmanager
    def living(self) -> Iterator[None]:
        """Let them live until the block ends, and to the end of their day."""
        over = threading.Event()

        def live(number: int) -> None:
            while not over.wait(0.01):
                self.people[number].live_a_day()

        threads = crowd(live, size=self.size)
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def ask(self, what: str, act: Callable[[], Answer], *, status: int) -> bool:
        """Tell whether the answer was ``status``."""
        try:
            answer = act()
        except BrokenConnection as error:
            self.wrong.append(f"{what}: {error}")
            return False
        self.answers.append(answer)
        if answer.status != status and not is_ours(answer, *self.codes):
            self.wrong.append(f"{what}: {answer.status} {answer.content!r}")
        return answer.status == status

    def refusals(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.status == 503]

    def broken_promises(self) -> list[str]:
        """What was acknowledged and is not so; to be asked when all is well."""
        return [promise for person in self.people for promise in person.broken_promises()]

    def report(self) -> str:
        promised = sum(person.promises for person in self.people)
        counts = dict(sorted(Counter(answer.status for answer in self.answers).items()))
        return f"{counts}; refusals: {summary(self.refusals())}; {promised} promises kept"


@dataclass
class _Person:
    crowd: Crowd
    visitor: Visitor
    days: int = 0
    named: int = 0
    ended: list[Visitor] = field(default_factory=list)
    registered: list[str] = field(default_factory=list)
    _unsure_since: float | None = None

    @property
    def promises(self) -> int:
        return len(self.ended) + len(self.registered) + (self.named > 0)

    def live_a_day(self) -> None:
        self.days += 1
        visitor, ask = self.visitor, self.crowd.ask
        if not visitor.access and not ask("login", visitor.sign_in, status=200):
            return
        ask("me", visitor.me, status=200)
        self._go_on()
        rename = partial(visitor.send, "PATCH", "/me", {"name": f"Name {self.days}"})
        if ask("patch me", rename, status=200):
            self.named = self.days
        if self.days % 4 == 0:
            self._end_another()
        if self.days % 4 == 2:
            self._register_somebody()

    def broken_promises(self) -> Iterator[str]:
        for other in self.ended:
            if other.me().status != 401:
                yield f"session {other.session_id} was ended and lives"
        for email in self.registered:
            for table, column in (("registration", "email"), ("outbound_mail", "recipient")):
                found = f"SELECT count(*) FROM accounts_{table} WHERE {column} = %s"
                if self.crowd.world.sql(found, email) != [(1,)]:
                    yield f"{email} was registered and has no row in {table}"
        [[name]] = self.crowd.world.sql(
            "SELECT name FROM accounts_user WHERE email = %s", self.visitor.email
        )
        if int(name.removeprefix("Name ") or 0) < self.named:
            yield f"Name {self.named} was accepted, and {name!r} is kept"

    def _go_on(self) -> None:
        moment = time.monotonic()
        since = self._unsure_since
        if since is not None and moment - since > _SURE_WITHIN:
            if not self.crowd.ask("login", self.visitor.sign_in, status=200):
                return
            self._unsure_since = None
        is_done = self.crowd.ask("refresh", self.visitor.go_on, status=200)
        self._unsure_since = None if is_done else since or moment

    def _end_another(self) -> None:
        other = self.crowd.world.visitor(self.visitor.email, is_kept=False)
        if self.crowd.ask("login", other.sign_in, status=200):
            end = partial(self.visitor.send, "DELETE", f"/sessions/{other.session_id}")
            if self.crowd.ask("end session", end, status=204):
                self.ended.append(other)

    def _register_somebody(self) -> None:
        body = {"email": f"{uuid4().hex}@example.com", "password": PASSWORD}
        register = partial(self.visitor.caller.send, "POST", "/api/v1/auth/register", body)
        if self.crowd.ask("register", register, status=202):
            self.registered.append(body["email"])
