"""What may be asked of an organization's trail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from audit.events import Event
from audit.models import TrailExport
from audit.parties import Outcome
from audit.services.reading import Filters
from plinto.kernel.exceptions import ValidationError
from plinto.kernel.serializers import Body, Text

_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_ACTIONS = sorted(event.value for event in Event)
_OUTCOMES = [outcome.value for outcome in Outcome]
_PAGE = {"limit", "cursor"}


class Id(Text):
    """An id as rows hold it, of whatever kind; nobody's address."""

    default_error_messages = {"unreadable": "Use an id."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not _ID.fullmatch(text):
            self.fail("unreadable")
        return text


class TrailFilters(Body):
    """Which rows of the trail are wanted."""

    action = serializers.ChoiceField(choices=_ACTIONS, required=False)
    actor = Id(required=False)
    target = Id(required=False)
    outcome = serializers.ChoiceField(choices=_OUTCOMES, required=False)

    def get_fields(self) -> dict[str, Any]:
        # A keyword cannot be the name of a class's member.
        return {
            **super().get_fields(),
            "from": serializers.DateTimeField(required=False),
            "to": serializers.DateTimeField(required=False),
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        since, until = attrs.get("from"), attrs.get("to")
        if since and until and until <= since:
            raise serializers.ValidationError({"to": ["This is not after `from`."]})
        return attrs


class TrailExportBody(TrailFilters):
    """Which rows are to be taken along, and in which form."""

    format = serializers.ChoiceField(choices=TrailExport.Format.values)


FILTERS = [
    OpenApiParameter("action", OpenApiTypes.STR, enum=_ACTIONS),
    OpenApiParameter("actor", OpenApiTypes.STR, description="The id of who acted."),
    OpenApiParameter("target", OpenApiTypes.STR, description="The id of what was acted upon."),
    OpenApiParameter("outcome", OpenApiTypes.STR, enum=_OUTCOMES),
    OpenApiParameter("from", OpenApiTypes.DATETIME, description="Acts of this moment and later."),
    OpenApiParameter("to", OpenApiTypes.DATETIME, description="Acts before this moment."),
]


def filters_in_query(request: Request) -> Filters:
    """
    Read the filters of a list; one that is misspelled would show more than was asked for.

    :raises ValidationError: one is not known, or stands there twice
    :raises rest_framework.exceptions.ValidationError: one has no such value
    """
    query = request.query_params
    twice = {name: ["Name this once."] for name in query if len(query.getlist(name)) > 1}
    if twice:
        raise ValidationError(fields=twice)
    asked = {name: text for name, text in query.items() if name not in _PAGE}
    body = TrailFilters(data=asked)
    body.is_valid(raise_exception=True)
    return filters(body.validated_data)


def filters(given: dict[str, Any]) -> Filters:
    """Read the validated fields of ``TrailFilters``."""
    return Filters(**dict(_named(given)))


def _named(given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in given.items():
        yield {"from": "since", "to": "until"}.get(name, name), value
