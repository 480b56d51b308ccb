"""Request bodies: JSON or forms in UTF-8, and nothing that a database or a renderer chokes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any
from urllib.parse import parse_qsl

import orjson
from django.http import UnreadablePostError
from rest_framework.parsers import BaseParser

from plinto.kernel.exceptions import MalformedRequestError, UnsupportedMediaTypeError

_MOST_FIELDS = 20


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
        return strict_json(_utf8(stream, media_type))


class StrictFormParser(BaseParser):
    """
    Read a form as a flat object of strings, for endpoints whose standard sends forms.

    A field given twice is refused (RFC 6749, section 3.2): two readers would take different ones.
    """

    media_type = "application/x-www-form-urlencoded"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Any:
        body = _utf8(stream, media_type)
        try:
            pairs = parse_qsl(
                body.decode(),
                keep_blank_values=True,
                strict_parsing=bool(body),
                errors="strict",
                max_num_fields=_MOST_FIELDS,
            )
        except ValueError as error:
            raise MalformedRequestError("The form cannot be read.", reason=str(error)) from error
        fields = dict(pairs)
        if len(fields) < len(pairs):
            raise MalformedRequestError("A field is given twice.", reason="field twice")
        if _holds_nul(fields):
            raise MalformedRequestError("The body holds a NUL character.", reason="NUL")
        return fields


def _utf8(stream: IO[Any], media_type: str | None) -> bytes:
    _, _, parameters = (media_type or "").partition(";")
    charset = parameters.lower().replace(" ", "").replace('"', "")
    if "charset=" in charset and "charset=utf-8" not in charset:
        raise UnsupportedMediaTypeError(reason="charset")
    try:
        body: bytes = stream.read()
    except UnreadablePostError as error:
        raise MalformedRequestError("The body ended early.", reason=str(error)) from error
    return body


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
