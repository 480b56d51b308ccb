"""Answers about exports and erasure."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class ExportRequestedAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="Where to fetch it: `GET /api/v1/me/export/{id}`.")
    status = serializers.ChoiceField(choices=["pending"])
    requested_at = serializers.DateTimeField()


class ExportAnswer(serializers.Serializer[Any]):
    """Everything that is held about a person; secrets are named and not shown."""

    person = serializers.UUIDField()
    made_at = serializers.DateTimeField()
    tables = serializers.DictField(
        child=serializers.ListField(child=serializers.DictField()),
        help_text="The rows of each table, by its name.",
    )


class ErasureAnswer(serializers.Serializer[Any]):
    erase_at = serializers.DateTimeField(help_text="Signing in before this calls it off.")
