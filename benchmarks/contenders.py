"""
Who takes part, and how each peer is served: two processes on two cores, four threads in each.

Every contender has a database of its own on the one PostgreSQL. Peers run in an environment of
their own (``BENCH_PEERS_PYTHON``), the one for Node is there after ``npm ci``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks import doors
from benchmarks.doors import Doors
from benchmarks.processes import end_tree
from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerError, ServerProcess, free_port, temporary_directory
from tests.servers.redis import RedisServer

ROOT = Path(__file__).resolve().parents[1]
PEERS_PYTHON = os.environ.get("BENCH_PEERS_PYTHON", str(ROOT / ".venv-peers" / "bin" / "python"))
BETTER_AUTH = ROOT / "benchmarks" / "peers" / "better_auth"
KEY = "Plinto"
BY_DEFAULT = "two processes"
WORKERS, THREADS = 2, 4
PEOPLE = 200
_MEGABYTE = 1024**2
_DJANGO = [PEERS_PYTHON, "-m", "benchmarks.peers.people"]
_SERVERS = {
    "gunicorn": [
        *("-m", "gunicorn", "benchmarks.peers.wsgi", "--worker-class", "gthread"),
        *("--workers", str(WORKERS), "--threads", str(THREADS), "--keep-alive", "75"),
        *("--no-control-socket", "--log-level", "critical", "--bind", "127.0.0.1:{port}"),
    ],
    "granian": [
        *("-m", "granian", "--interface", "wsgi", "--workers", str(WORKERS), "--no-ws"),
        *("--blocking-threads", str(THREADS), "--log-level", "critical", "--port", "{port}"),
        "benchmarks.peers.wsgi:application",
    ],
    "uvicorn": [
        *("-m", "uvicorn", "benchmarks.peers.fastapi_users.app:app", "--port", "{port}"),
        *("--workers", str(WORKERS), "--log-level", "critical"),
    ],
}


@dataclass(frozen=True, slots=True)
class Peer:
    """Something to measure beside Plinto, and the server that serves it."""

    name: str
    server: str
    doors: Doors
    settings: str = ""
    packages: str = ""

    @property
    def key(self) -> str:
        return f"{self.name}, {self.server}"

    def is_there(self) -> bool:
        if self.server == "node":
            return bool(shutil.which("node")) and (BETTER_AUTH / "node_modules").is_dir()
        return Path(PEERS_PYTHON).exists()

    def command(self, port: int) -> list[str]:
        if self.server == "node":
            return ["node", "server.js"]
        return [PEERS_PYTHON, *(each.format(port=port) for each in _SERVERS[self.server])]

    def populating(self) -> list[str]:
        if self.server == "node":
            return ["node", "server.js", str(PEOPLE)]
        if self.server == "uvicorn":
            return [PEERS_PYTHON, "-m", "benchmarks.peers.fastapi_users.app", str(PEOPLE)]
        return [*_DJANGO, str(PEOPLE)]

    def megabytes(self) -> float | None:
        """Say how much of a disk the packages take that it needs, with its server."""
        if self.server == "node":
            files = (BETTER_AUTH / "node_modules").rglob("*")
            return sum(each.stat().st_size for each in files if each.is_file()) / _MEGABYTE
        return installed_megabytes(PEERS_PYTHON, *self.packages.split()) if self.packages else None

    @property
    def directory(self) -> Path:
        return BETTER_AUTH if self.server == "node" else ROOT


_SERVED = "gunicorn psycopg[binary] argon2-cffi"
_DJOSER = "benchmarks.peers.djoser.settings"
PEERS = [
    Peer(
        "djoser",
        "gunicorn",
        doors.DJOSER,
        _DJOSER,
        f"djoser djangorestframework-simplejwt {_SERVED}",
    ),
    Peer("djoser", "granian", doors.DJOSER, _DJOSER),
    Peer(
        "simplejwt, rotation and blacklist",
        "gunicorn",
        doors.DJOSER,
        "benchmarks.peers.djoser.rotating",
    ),
    Peer(
        "dj-rest-auth",
        "gunicorn",
        doors.DJ_REST_AUTH,
        "benchmarks.peers.dj_rest_auth.settings",
        f"dj-rest-auth[with-social] djangorestframework-simplejwt {_SERVED}",
    ),
    Peer(
        "allauth headless",
        "gunicorn",
        doors.ALLAUTH,
        "benchmarks.peers.allauth.settings",
        f"django-allauth[headless] djangorestframework {_SERVED}",
    ),
    Peer(
        "fastapi-users",
        "uvicorn",
        doors.FASTAPI_USERS,
        packages="fastapi-users[sqlalchemy] asyncpg uvicorn[standard]",
    ),
    Peer("better-auth", "node", doors.BETTER_AUTH),
]


@dataclass(slots=True)
class Running:
    """A contender that answers: where, in which processes, over which database."""

    key: str
    doors: Doors
    port: int
    pid: int
    database: str
    redis: RedisServer | None = None
    started_in: float = 0.0
    environment: dict[str, str] = field(default_factory=dict, repr=False)


@contextmanager
def served(peer: Peer, postgres: PostgresServer) -> Iterator[Running]:
    """
    Give a peer a database with people in it, and serve it until the block ends.

    :raises ServerError: it did not come up
    """
    port, directory = free_port(), temporary_directory("peer")
    database = "peer_" + "".join(each if each.isalnum() else "_" for each in peer.key)
    environment = _environment(peer, port, postgres.create_database(database))
    made = subprocess.run(
        peer.populating(),
        cwd=peer.directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    if made.returncode:
        raise ServerError(f"{peer.key} has no people:\n{made.stderr[-2000:]}")
    began = time.monotonic()
    server = ServerProcess(
        peer.command(port),
        log=directory / "server.log",
        environment=environment,
        directory=peer.directory,
    )
    try:
        server.wait_until(lambda: answers(port, peer.doors.me), seconds=60)
        took = time.monotonic() - began
        yield Running(peer.key, peer.doors, port, server.pid, database, started_in=took)
    finally:
        end_tree(server.pid)
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


def installed_megabytes(python: str, *names: str) -> float:
    """Ask an environment how much of a disk some packages take, with all that they need."""
    answer = subprocess.run(
        [python, "-m", "benchmarks.installed", *names],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(answer.stdout)


def answers(port: int, path: str) -> bool:
    """Tell whether a server answers at all, with whatever status."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _environment(peer: Peer, port: int, url: str) -> dict[str, str]:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "NODE_ENV": "production",
        "DJANGO_SETTINGS_MODULE": peer.settings,
        "PEER_DATABASE_URL": url,
        "PEER_SECRET_KEY": os.urandom(32).hex(),
        "PEER_PRIVATE_KEY": pem.decode(),
        "PEER_PORT": str(port),
        "PEER_URL": f"http://127.0.0.1:{port}",
        "PEER_WORKERS": str(WORKERS),
    }
