"""Plinto as ``make serve`` runs it, with people who live there."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import urlsplit

from benchmarks import application  # noqa: F401 - before what knows models
from benchmarks.contenders import KEY, PEOPLE, ROOT, THREADS, WORKERS, Running
from benchmarks.doors import PLINTO, Tokens, ask
from tests.journeys.world import World, deployed
from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerError

# The longest there is: a run takes half an hour.
_ACCESS_SECONDS = "3600"


@contextmanager
def lived_in(postgres: PostgresServer, *, sessions: int, **variables: str) -> Iterator[Plinto]:
    """Deploy it, and write people with so many sessions together."""
    settings = {
        "ACCESS_TOKEN_TTL": _ACCESS_SECONDS,
        "LOG_LEVEL": "WARNING",
        # Clients, PostgreSQL and Redis need the other core (docs/settings.md, ADR 0029).
        "WEB_WORKERS": "1",
        "WEB_CPU_AFFINITY": "true",
        # As many at the same time as peers in two processes have.
        "HASH_SLOTS": str(WORKERS),
        "WEB_THREADS": str(THREADS),
        **variables,
    }
    with deployed(postgres, **settings) as world:
        yield Plinto(world, sessions)


def as_by_default(postgres: PostgresServer) -> AbstractContextManager[Plinto]:
    """Deploy it with as many processes as there are without a word, and leave them unbound."""
    return lived_in(
        postgres, sessions=64, WEB_WORKERS="2", WEB_CPU_AFFINITY="false", HASH_SLOTS="1"
    )


class Plinto:
    """A deployment to measure: how it is reached, and what its people hold."""

    def __init__(self, world: World, sessions: int) -> None:
        self.world = world
        told = self.told(people=PEOPLE, sessions=sessions, tokens=sessions)
        self.access: list[str] = told["access"]
        self.refresh: list[str] = told["refresh"]
        self.running = Running(
            KEY,
            PLINTO,
            world.web.port,
            world.web.pid,
            urlsplit(world.database_url).path.lstrip("/"),
            redis=world.redis,
        )

    @property
    def tokens(self) -> list[Tokens]:
        return [
            Tokens({"Authorization": f"Bearer {access}"}, refresh)
            for access, refresh in zip(self.access, self.refresh, strict=True)
        ]

    def relaunch(self) -> float:
        """Start the web processes anew, with the tables there, and say how long that took."""
        self.world.web.terminate()
        began = time.monotonic()
        self.world.web.launch()
        self.running.pid = self.world.web.pid
        return time.monotonic() - began

    def founded(self) -> tuple[str, str]:
        """Let the first person found an organization; return its id and an API key of it."""
        club = self._created("/api/v1/organizations", name="Analytical Engines", slug="engines")
        wanted = {"name": "Billing", "scopes": ["tokens:introspect"]}
        key = self._created(f"/api/v1/organizations/{club['id']}/api-keys", **wanted)
        return club["id"], key["key"]

    def told(self, **wanted: Any) -> dict[str, Any]:
        """Write what is wanted into the deployment, as ``benchmarks.inhabitants`` says."""
        nothing = {"people": 0, "sessions": 0, "tokens": 0, "connection": None}
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.inhabitants"],
            cwd=ROOT,
            env={**self.world.web.environment, "DJANGO_SETTINGS_MODULE": "plinto.settings"},
            input=json.dumps({**nothing, **wanted}),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        if answer.returncode:
            raise ServerError(answer.stderr[-2000:])
        told: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
        return told

    def _created(self, path: str, **body: Any) -> dict[str, Any]:
        request = {"method": "POST", "path": path, "body": body}
        status, told, _ = ask(self.running.port, {**request, "headers": self.tokens[0].headers})
        if status != 201:
            raise ServerError(f"POST {path} was answered {status}: {told}")
        return told
