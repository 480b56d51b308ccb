"""Bodies and answers about the terms of the deployment."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import TermsConsent
from plinto.kernel.serializers import Body, Text

LONGEST = 40


class TermsBody(Body):
    version = Text(max_length=LONGEST)


class ConsentAnswer(serializers.Serializer[Any]):
    version = serializers.CharField()
    accepted_at = serializers.DateTimeField()


class TermsAnswer(serializers.Serializer[Any]):
    """Whoever lacks ``required`` in ``accepted`` has yet to agree."""

    required = serializers.CharField(  # type: ignore[assignment]
        allow_null=True, help_text="The version in force; null if nobody is asked."
    )
    url = serializers.CharField(allow_null=True, help_text="Where the terms are read.")
    accepted = ConsentAnswer(many=True)


def terms(accepted: list[TermsConsent], *, required: str, url: str) -> dict[str, Any]:
    """Show what is asked of somebody, and what they have agreed to."""
    return {
        "required": required or None,
        "url": url or None,
        "accepted": [
            {"version": each.version, "accepted_at": each.accepted_at} for each in accepted
        ],
    }
