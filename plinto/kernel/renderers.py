"""Answers: JSON by orjson, whatever the caller's Accept header says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from plinto.kernel.answers import rendered


class JSONRenderer(BaseRenderer):
    """As ``answers.rendered`` writes it."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,  # noqa: ARG002
        renderer_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> bytes:
        if data is None:
            return b""
        return rendered(data)


class OneRenderer(DefaultContentNegotiation):
    """Skip negotiation: there is one renderer, and a 406 would help nobody."""

    def select_renderer(  # type: ignore[override]
        self,
        request: Request,  # noqa: ARG002
        renderers: Sequence[BaseRenderer],
        format_suffix: str | None = None,  # noqa: ARG002
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], str(renderers[0].media_type)
