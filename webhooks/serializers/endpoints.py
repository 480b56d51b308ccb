"""Bodies and answers about the endpoints of an organization."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from plinto.kernel.serializers import Body, Text
from webhooks.models import Endpoint
from webhooks.services.endpoint_rows import LONGEST_URL, Issued

_EVENTS = 50


class Events(serializers.ListField):
    def __init__(self, **kwargs: Any) -> None:
        told = "Types such as `member.updated`, `subject.*` for all of a subject, or `*`."
        super().__init__(
            child=Text(max_length=64), min_length=1, max_length=_EVENTS, help_text=told, **kwargs
        )


class Url(Text):
    def __init__(self, **kwargs: Any) -> None:
        told = "https on port 443, without user, password or fragment."
        super().__init__(max_length=LONGEST_URL, help_text=told, **kwargs)


class Description(Text):
    """One line for people, who find it in lists."""

    default_error_messages = {"unprintable": "Use printable characters on one line."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=200, allow_blank=True, required=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data).strip()
        if not text.isprintable():
            self.fail("unprintable")
        return text


class EndpointBody(Body):
    url = Url()
    events = Events()
    description = Description()


class EndpointChangeBody(Body):
    url = Url(required=False)
    events = Events(required=False)
    description = Description()
    state = serializers.ChoiceField(
        choices=Endpoint.State.choices,
        required=False,
        help_text="`paused` sends nothing more and loses nothing; `active` is as enabling.",
    )


class EndpointAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    url = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    events = serializers.ListField(child=serializers.CharField())
    state = serializers.ChoiceField(choices=Endpoint.State.choices)
    paused_at = serializers.DateTimeField(allow_null=True)
    paused_because = serializers.ChoiceField(
        choices=Endpoint.Pause.choices,
        allow_null=True,
        help_text="`failing`: for five days nothing arrived. `gone`: it answered 410.",
    )
    failing_since = serializers.DateTimeField(
        allow_null=True, help_text="Since when nothing has arrived, if the last try failed."
    )
    created_at = serializers.DateTimeField()
    rotated_at = serializers.DateTimeField(allow_null=True)
    former_ends_at = serializers.DateTimeField(
        allow_null=True, help_text="Until when the secret before the last rotation signs too."
    )


class EndpointPageAnswer(serializers.Serializer[Any]):
    results = EndpointAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class IssuedEndpointAnswer(EndpointAnswer):
    secret = serializers.CharField(help_text="`whsec_…`, by Standard Webhooks. Never shown again.")


def endpoint(found: Endpoint) -> dict[str, Any]:
    """Show an endpoint to whoever may see it; of its secret nothing."""
    return {
        "id": found.pk,
        "url": found.url,
        "description": found.description,
        "events": found.events,
        "state": found.state,
        "paused_at": found.paused_at,
        "paused_because": found.paused_because or None,
        "failing_since": found.failing_since,
        "created_at": found.created_at,
        "rotated_at": found.rotated_at,
        "former_ends_at": found.former_until,
    }


def issued(fresh: Issued) -> dict[str, Any]:
    """Show an endpoint with its new secret, once."""
    return {**endpoint(fresh.endpoint), "secret": fresh.secret}
