"""A WSGI application that says what it was given, and sends as much as it is asked for."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plinto.settings")
CHUNK = b"x" * 65_536


class Stream:
    """``count`` chunks; with ``breaks``, an exception in place of the last."""

    streaming = True

    def __init__(self, count: int, *, breaks: bool) -> None:
        self._count = count
        self._breaks = breaks

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self._count):
            if self._breaks and number == self._count - 1:
                raise RuntimeError("broken off")
            say(f"chunk {number}")
            yield CHUNK

    def close(self) -> None:
        say("closed")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def place() -> dict[str, Any]:
    """Say where this runs."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    thread = threading.get_native_id()
    nice = os.getpriority(os.PRIO_PROCESS, thread) if sys.platform == "linux" else None
    return {"process": os.getpid(), "thread": thread, "cores": cores, "nice": nice}


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    path, _, count = environ["PATH_INFO"].lstrip("/").partition("/")
    if path in {"stream", "broken"}:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return Stream(int(count), breaks=path == "broken")
    if path == "fails":
        raise RuntimeError("of no use")
    if path == "slow":
        time.sleep(float(count))
    if seconds := environ.get("HTTP_X_SLEEP"):
        time.sleep(float(seconds))
        say("woke up")
    body = environ["wsgi.input"].read()
    told = {name: value for name, value in environ.items() if isinstance(value, str | bool)}
    content = json.dumps(
        {**told, **place(), "body": body.decode("latin-1")[:100], "bytes": len(body)}
    ).encode()
    start_response(
        "200 OK",
        [("Content-Type", "application/json"), ("Content-Length", str(len(content)))],
    )
    return [content]
