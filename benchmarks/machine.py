"""What a run was measured on, and with which versions."""

from __future__ import annotations

import json
import platform
import subprocess
from contextlib import suppress
from importlib.metadata import version

import psutil

from benchmarks.contenders import BETTER_AUTH, PEERS_PYTHON
from benchmarks.table import Figures
from tests.servers.redis import RedisServer

_PLINTO = ("django", "djangorestframework", "granian", "psycopg", "redis", "pynacl", "argon2-cffi")
_PEERS = (
    *("djoser", "djangorestframework-simplejwt", "dj-rest-auth", "django-allauth"),
    *("fastapi-users", "fastapi", "sqlalchemy", "uvicorn", "gunicorn", "granian"),
)
_VERSIONS = """
import importlib.metadata, json, sys
print(json.dumps({name: importlib.metadata.version(name) for name in sys.argv[1:]}))
"""


def hardware() -> str:
    """Name cores, memory, system and interpreter."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{psutil.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}; "
        f"Python {platform.python_version()}"
    )


def redis_version() -> str:
    """Name the Redis or Valkey that tests and benchmarks start."""
    with RedisServer.start() as redis:
        information = str(redis.cli("INFO", "server"))
    server = dict(line.split(":", 1) for line in information.splitlines() if ":" in line)
    name = server.get("server_name", "redis")
    return f"{name} {server.get('valkey_version', server.get('redis_version'))}"


def versions(*names: str) -> str:
    """Name installed packages with their versions."""
    return ", ".join(f"{name} {version(name)}" for name in names)


def machine(postgres: str) -> Figures:
    """Tell all of it; ``postgres`` is the version of the database."""
    peers = _peers()
    with suppress(OSError, KeyError):
        package = BETTER_AUTH / "node_modules" / "better-auth" / "package.json"
        peers["better-auth"] = json.loads(package.read_text())["version"]
        peers["node"] = _output("node", "--version").lstrip("v")
    return {
        "hardware": hardware(),
        "postgres": postgres,
        "redis": redis_version(),
        "plinto": versions(*_PLINTO),
        "peers": ", ".join(f"{name} {number}" for name, number in peers.items()),
    }


def _peers() -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(_output(PEERS_PYTHON, "-c", _VERSIONS, *_PEERS))
    except OSError:
        return {}
    return found


def _output(*command: str) -> str:
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return answer.stdout.strip()
