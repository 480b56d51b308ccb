"""Answers in JSON, and headers that are prepared once where they are always the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase

Prepared = tuple[tuple[str, tuple[str, str]], ...]
"""Headers by their lowered name, each as Django keeps it: checked and encoded."""


def prepared(headers: Iterable[tuple[str, str]]) -> Prepared:
    """
    Check headers as Django checks each that is set.

    :raises django.http.BadHeaderError: one holds a line break
    """
    answer = HttpResponse()
    del answer["Content-Type"]
    for name, value in headers:
        answer[name] = value
    return tuple((name.lower(), (name, value)) for name, value in answer.headers.items())


def put(response: HttpResponseBase, headers: Prepared) -> None:
    """Add what the answer does not say by itself; it costs a twentieth of setting each anew."""
    # ResponseHeaders has no way in for what was checked before.
    held = response.headers._store
    for name, pair in headers:
        held.setdefault(name, pair)


def say(response: HttpResponseBase, name: str, value: str) -> None:
    """Set a header whose value is made of what needs no checking: numbers, names, identifiers."""
    response.headers._store[name.lower()] = (name, value)


def rendered(body: Any) -> bytes:
    """Write JSON: times are RFC 3339 in UTC with a Z, UUIDs are strings, text is UTF-8."""
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)


def answer(body: Any, *, status: int = 200) -> HttpResponse:
    """
    Answer in JSON at once.

    REST framework's ``Response`` carries a template's machinery and renders late, which takes
    eight times as long; it stays where a view has a renderer of its own.
    """
    return HttpResponse(rendered(body), content_type="application/json", status=status)
