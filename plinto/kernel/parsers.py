"""Request bodies: JSON objects in UTF-8, and nothing that a database or a renderer chokes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.http import UnreadablePostError
from rest_framework.parsers import BaseParser

from plinto.kernel.exceptions import MalformedRequestError, UnsupportedMediaTypeError


class StrictJSONParser(BaseParser):
    """
    Read JSON with orjson, which refuses NaN, bad UTF-8, lone surrogates and deep nesting.

    NUL is refused too, also when escaped: PostgreSQL cannot store it (a 500 in many stacks).
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Any:
        _, _, parameters = (media_type or "").partition(";")
        charset = parameters.lower().replace(" ", "").replace('"', "")
        if "charset=" in charset and "charset=utf-8" not in charset:
            raise UnsupportedMediaTypeError(reason="charset")
        try:
            body = stream.read()
        except UnreadablePostError as error:
            raise MalformedRequestError("The body ended early.", reason=str(error)) from error
        return strict_json(body)


def strict_json(body: bytes) -> Any:
    """
    Read JSON as a request body is read, wherever it comes from.

    :raises MalformedRequestError: it is not JSON, or holds what cannot be stored
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedRequestError(
            "The body is not valid JSON in UTF-8.", reason=str(error)
        ) from error
    if b"\\u0000" in body and _holds_nul(value):
        raise MalformedRequestError("The body holds a NUL character.", reason="NUL")
    return value


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(inner) for key, inner in value.items())
    return isinstance(value, list) and any(_holds_nul(inner) for inner in value)
