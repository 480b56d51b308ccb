"""Bodies and answers about what is sent to an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from plinto.kernel.exceptions import ValidationError
from plinto.kernel.serializers import Body
from resilience.leases import State
from webhooks import catalogue
from webhooks.models import Attempt, Delivery
from webhooks.services.redelivery import Redelivered

# What clients call the states of a row that is leased.
_STATES = {"pending": State.DUE, "delivered": State.SETTLED, "failed": State.ABANDONED}
_NAMES = {str(state): name for name, state in _STATES.items()}
STATES = list(_STATES)


class RedeliverBody(Body):
    since = serializers.DateTimeField(
        help_text="What there was to tell since then and was given up is sent once more."
    )


class TryAnswer(serializers.Serializer[Any]):
    started_at = serializers.DateTimeField()
    milliseconds = serializers.IntegerField()
    status = serializers.IntegerField(
        allow_null=True, help_text="What the receiver answered; null if it did not."
    )
    error = serializers.CharField(allow_blank=True, help_text="Why there was no answer.")
    body = serializers.CharField(allow_blank=True, help_text="The first 2 KB of the answer.")


class DeliveryAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    event_id = serializers.UUIDField(help_text="The `webhook-id` of every try.")
    type = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    tries = serializers.IntegerField(
        help_text="How often it was tried since it was last sent from the start of the schedule."
    )
    created_at = serializers.DateTimeField()
    next_at = serializers.DateTimeField(
        allow_null=True, help_text="When it is tried next, if it is pending."
    )
    latest = TryAnswer(many=True, help_text="The latest three tries, the last one first.")


class DeliveryPageAnswer(serializers.Serializer[Any]):
    results = DeliveryAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class RedeliveredAnswer(serializers.Serializer[Any]):
    deliveries = serializers.IntegerField(help_text="How many are sent once more.")
    has_more = serializers.BooleanField(help_text="There are more; ask again.")


def asked(query: Mapping[str, Any]) -> dict[str, str | None]:
    """
    Read ``?state=`` and ``?type=``.

    :raises ValidationError: neither state nor type is one there is
    """
    state, type = query.get("state"), query.get("type")
    wrong = {}
    if state is not None and state not in _STATES:
        wrong["state"] = [f"Must be one of {', '.join(STATES)}."]
    if type is not None and type not in {*catalogue.TYPES, catalogue.TEST}:
        wrong["type"] = ["There is no such type."]
    if wrong:
        raise ValidationError(fields=wrong)
    return {"state": state and str(_STATES[state]), "type": type}


def delivery(found: Delivery) -> dict[str, Any]:
    """Show a delivery, with its latest tries if they were brought along; a new one has none."""
    latest: list[Attempt] = getattr(found, "latest", [])
    return {
        "id": found.pk,
        "event_id": found.event_id,
        "type": found.type,
        "state": _NAMES[found.state],
        "tries": found.tries,
        "created_at": found.created_at,
        "next_at": found.due_at if found.state == State.DUE else None,
        "latest": [_try(each) for each in latest],
    }


def redelivered(found: Redelivered) -> dict[str, Any]:
    """Say how many are sent once more."""
    return {"deliveries": found.deliveries, "has_more": found.has_more}


def _try(attempt: Attempt) -> dict[str, Any]:
    return {
        "started_at": attempt.started_at,
        "milliseconds": attempt.milliseconds,
        "status": attempt.status,
        "error": attempt.error,
        "body": attempt.body,
    }
