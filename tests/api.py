"""How tests speak to Plinto over HTTP inside the test process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.test import Client


class Api:
    """
    Sends and reads JSON; an unhandled exception becomes the 500 that a client would see.

    Cookies are kept between calls as a browser keeps them.
    """

    def __init__(self) -> None:
        self.client = Client(raise_request_exception=False)

    def get(self, path: str, **options: Any) -> HttpResponse:
        return self.send("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> HttpResponse:
        return self.send("POST", path, body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> HttpResponse:
        return self.send("PATCH", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> HttpResponse:
        return self.send("PUT", path, body, **options)

    def delete(self, path: str, body: Any = None, **options: Any) -> HttpResponse:
        return self.send("DELETE", path, body, **options)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        address: str = "127.0.0.1",
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> HttpResponse:
        """
        Send one request from ``address``; ``token`` becomes the bearer.

        A ``body`` of bytes or text goes out as it is, ``None`` as no body at all, and anything
        else as JSON.
        """
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if body is None:
            return self.client.generic(method, path, headers=sent, REMOTE_ADDR=address)
        content = body if isinstance(body, bytes | str) else json.dumps(body)
        return self.client.generic(
            method, path, content, content_type, headers=sent, REMOTE_ADDR=address
        )
