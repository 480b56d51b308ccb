"""Bodies and answers of sign-in at identity providers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rest_framework import serializers

from accounts.models import Identity
from accounts.providers import Provider
from plinto.kernel.serializers import Body, Text


class StartBody(Body):
    redirect_uri = Text(max_length=500)


class ExchangeBody(Body):
    code = Text(max_length=512)


class IdentityLinkBody(Body):
    link_token = Text(max_length=512)


class ProviderAnswer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="As it stands in paths.")
    title = serializers.CharField(help_text="As people know it.")


class ProvidersAnswer(serializers.Serializer[Any]):
    results = ProviderAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class BegunAnswer(serializers.Serializer[Any]):
    authorization_url = serializers.URLField(help_text="Send the browser there.")


class IdentityAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    provider = serializers.CharField()
    connection = serializers.CharField(
        allow_null=True, help_text="The name of the organization's connection, if it came by one."
    )
    email = serializers.CharField(
        allow_blank=True, help_text="As the provider said when it was linked."
    )
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class IdentityPageAnswer(serializers.Serializer[Any]):
    results = IdentityAnswer(many=True)
    next = serializers.CharField(allow_null=True)


def provider(offered: Provider) -> dict[str, Any]:
    """Show a provider to somebody who may sign in there."""
    return {"name": offered.name, "title": offered.title}


def identity(row: Identity, names: Mapping[UUID, str]) -> dict[str, Any]:
    """Show an identity to its person; ``names`` are of connections."""
    return {
        "id": row.pk,
        "provider": row.provider,
        "connection": names.get(row.connection_id) if row.connection_id else None,
        "email": row.email,
        "created_at": row.created_at,
        "last_used_at": row.last_used_at,
    }
