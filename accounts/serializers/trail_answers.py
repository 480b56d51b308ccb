"""Answers about an organization's trail."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from audit.models import TrailExport
from audit.parties import ActorKind, Outcome
from audit.services.reading import Listed, Told

_ERASED = "Empty where nobody is named, and after whoever it was has been erased."


class _Labelled(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        # As a member of the class it would stand in the way of the label that serializers have.
        label = serializers.CharField(allow_blank=True, help_text=_ERASED)
        return {**super().get_fields(), "label": label}


class ActorAnswer(_Labelled):
    kind = serializers.CharField(help_text=", ".join(f"`{kind}`" for kind in ActorKind))
    id = serializers.CharField(allow_blank=True)


class TargetAnswer(_Labelled):
    kind = serializers.CharField()
    id = serializers.CharField(allow_blank=True)


class SealAnswer(serializers.Serializer[Any]):
    """Where a row stands in the chain of its organization."""

    sequence = serializers.IntegerField(help_text="From 1, without gaps.")
    hash = serializers.CharField(help_text="SHA-256 of the row in its place, in hexadecimal.")
    sealed_at = serializers.DateTimeField()


class TrailRowAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    occurred_at = serializers.DateTimeField()
    action = serializers.CharField()
    outcome = serializers.ChoiceField(choices=[outcome.value for outcome in Outcome])
    reason = serializers.CharField(allow_blank=True, help_text="Why something was refused.")
    actor = ActorAnswer()
    target = TargetAnswer()
    changes = serializers.DictField(
        child=serializers.ListField(), help_text="Of each field its value before and after."
    )
    address = serializers.CharField(allow_blank=True)
    agent = serializers.CharField(allow_blank=True)
    session_id = serializers.UUIDField(allow_null=True)
    request_id = serializers.CharField(allow_blank=True)
    sealed = SealAnswer(allow_null=True, help_text="Null for the seconds before it is sealed.")


class InclusionAnswer(serializers.Serializer[Any]):
    """RFC 9162, section 2.1.3."""

    index = serializers.IntegerField(help_text="Its place among the rows signed together, from 0.")
    size = serializers.IntegerField()
    path = serializers.ListField(
        child=serializers.CharField(), help_text="From its neighbour upwards, in hexadecimal."
    )


class SignedCheckpointAnswer(serializers.Serializer[Any]):
    statement = serializers.DictField(help_text="Its canonical JSON (RFC 8785) is what is signed.")
    signature = serializers.CharField(help_text="Ed25519, in hexadecimal.")


class ProofAnswer(serializers.Serializer[Any]):
    event = serializers.DictField(help_text="The row, word for word, as it is hashed.")
    chain = serializers.UUIDField()
    sequence = serializers.IntegerField()
    previous_hash = serializers.CharField()
    hash = serializers.CharField()
    inclusion = InclusionAnswer()
    checkpoint = SignedCheckpointAnswer()
    key = serializers.DictField(
        child=serializers.CharField(), allow_null=True, help_text="Compare it with your own copy."
    )


class TrailExportAnswer(serializers.Serializer[Any]):
    """An export that is being written."""

    id = serializers.UUIDField(help_text="Where to fetch it: `GET …/audit/export/{id}`.")
    status = serializers.CharField(help_text="`pending`.")
    requested_at = serializers.DateTimeField()
    format = serializers.ChoiceField(choices=TrailExport.Format.values)
    filters = serializers.DictField(child=serializers.CharField())


class TrailPageAnswer(serializers.Serializer[Any]):
    results = TrailRowAnswer(many=True)
    next = serializers.CharField(allow_null=True)


def pending(export: TrailExport) -> dict[str, Any]:
    """Show an export to who waits for it."""
    return {
        "id": export.pk,
        "status": "pending",
        "requested_at": export.requested_at,
        "format": export.format,
        "filters": export.filters,
    }


def page(found: Listed) -> dict[str, Any]:
    """Show a page of the trail to who may read it."""
    return {"results": [row(each) for each in found.rows], "next": found.next}


def row(told: Told) -> dict[str, Any]:
    """Show one row of the trail to who may read it."""
    one, opened = told.row, told.opened
    return {
        "id": one.pk,
        "occurred_at": one.occurred_at,
        "action": one.action,
        "outcome": one.outcome,
        "reason": one.reason,
        "actor": {"kind": one.actor_kind, "id": one.actor_id, "label": opened.actor_label},
        "target": {"kind": one.target_kind, "id": one.target_id, "label": opened.target_label},
        "changes": opened.changes,
        "address": opened.address,
        "agent": opened.agent,
        "session_id": one.session_id,
        "request_id": one.request_id,
        "sealed": one.sealed_hash
        and {
            "sequence": one.sequence,
            "hash": bytes(one.sealed_hash).hex(),
            "sealed_at": one.sealed_at,
        },
    }
