"""Signing out at a provider too."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from plinto.kernel.serializers import Body, Text


class LogoutBody(Body):
    redirect_uri = Text(
        max_length=500,
        required=False,
        default="",
        allow_blank=True,
        help_text="Where the browser ends; one that is registered, exactly. Else on a plain page.",
    )


class LogoutAnswer(serializers.Serializer[Any]):
    logout_url = serializers.CharField(
        allow_null=True,
        help_text="Send the browser there, and it is signed out at the identity provider too.",
    )
