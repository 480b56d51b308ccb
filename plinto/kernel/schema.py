"""What is the same all over the OpenAPI document: the error shape, and closed bodies."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

_MEANINGS = {
    400: "The body could not be read.",
    401: "Not signed in, or the proof that was given is not good.",
    403: "Signed in, but not allowed.",
    404: "There is nothing here, or not for you.",
    409: "The request conflicts with the current state.",
    413: "The body is larger than 1 MiB.",
    415: "The body is not in UTF-8, or of a media type that is not read here.",
    422: "Fields are missing, unknown or not valid; `details.fields` names them.",
    429: "Too many requests or attempts; wait for `Retry-After` seconds.",
    502: "A service this request depends on gave no usable answer.",
    503: "Busy (`DATABASE_BUSY`), or a dependency recovers; wait for `Retry-After` seconds.",
}


class Error(serializers.Serializer[Any]):
    """The one error shape."""

    error = serializers.CharField(help_text="A stable code, such as INVALID_CREDENTIALS.")
    message = serializers.CharField()
    status_code = serializers.IntegerField()
    details = serializers.DictField()
    request_id = serializers.CharField()


def errors(*statuses: int) -> dict[int, OpenApiResponse]:
    """Document the refusals of a view; 429 and 503 may always happen."""
    return {
        status: OpenApiResponse(Error, description=_MEANINGS[status])
        for status in sorted({*statuses, 429, 503})
    }


class ClosedBody(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Says of every request body that fields which are not listed are refused."""

    target_class = "plinto.kernel.serializers.Body"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False}


# Every view that reads a body can refuse it for these.
BODY = (400, 413, 415, 422)
# What every list takes.
PAGE = [
    OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 100, default 25."),
    OpenApiParameter("cursor", OpenApiTypes.STR, description="`next` of a former page."),
]


def without_aliases(endpoints: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Show each health page once; drf-spectacular calls this with every endpoint it found."""
    return [each for each in endpoints if not each[0].startswith("/api/v1/health/")]
