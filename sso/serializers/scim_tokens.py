"""Answers about the SCIM token of an organization."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from sso.models import ScimToken
from sso.services.scim_tokens import Issued

_PATH = "/scim/v2"


class ScimTokenAnswer(serializers.Serializer[Any]):
    hint = serializers.CharField(help_text="How the token begins.")
    base_url = serializers.URLField(help_text="What the identity provider is told as its address.")
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(
        allow_null=True, help_text="Written at most once a minute."
    )


class IssuedScimTokenAnswer(ScimTokenAnswer):
    token = serializers.CharField(help_text="Shown here and never again.")


def token(found: ScimToken) -> dict[str, Any]:
    """Show what is known of a token."""
    return {
        "hint": found.hint,
        "base_url": f"{settings.PUBLIC_URL}{_PATH}",
        "created_at": found.created_at,
        "last_used_at": found.last_used_at,
    }


def issued(made: Issued) -> dict[str, Any]:
    """Show a new token, with its text."""
    return {**token(made.token), "token": made.text}
