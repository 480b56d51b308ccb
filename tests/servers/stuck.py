"""Plinto with two doors more: ``/stuck`` never answers, and ``/slow`` takes its time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from plinto.wsgi import application as plinto

SLOW_SECONDS = 1.0


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/stuck":
        wait_for_ever()
    if environ["PATH_INFO"] == "/slow":
        time.sleep(SLOW_SECONDS)
        start_response("200 OK", [("Content-Length", "0")])
        return []
    return plinto(environ, start_response)


def wait_for_ever() -> None:
    threading.Event().wait()
