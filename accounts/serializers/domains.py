"""Bodies and answers about the domains of an organization."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import OrganizationDomain
from accounts.rules import domains
from accounts.services import domain_proofs
from plinto.kernel.serializers import Body, Text


class DomainName(Text):
    """A domain, however it is spelled; read as the domain name system spells it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": domains.LONGEST, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            return domains.canonical(text)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error


class DomainBody(Body):
    domain = DomainName()


class RecordAnswer(serializers.Serializer[Any]):
    """What to place in the domain name system."""

    type = serializers.ChoiceField(choices=["TXT"])
    name = serializers.CharField(help_text="Such as `_plinto-challenge.example.com`.")
    value = serializers.CharField()


class DomainAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    domain = serializers.CharField(help_text="In ASCII: `bücher.example` is `xn--bcher-kva.…`.")
    verified_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was proved; null while it is not."
    )
    missing_since = serializers.DateTimeField(
        allow_null=True,
        help_text="When the record of a proved domain was first not found again. After seven days "
        "the proof is withdrawn.",
    )
    created_at = serializers.DateTimeField()
    record = RecordAnswer()


class DomainPageAnswer(serializers.Serializer[Any]):
    results = DomainAnswer(many=True)
    next = serializers.CharField(allow_null=True)


def domain(found: OrganizationDomain) -> dict[str, Any]:
    """Show a domain to a member, with the record that proves it."""
    return {
        "id": found.pk,
        "domain": found.name,
        "verified_at": found.verified_at,
        "missing_since": found.missing_since,
        "created_at": found.created_at,
        "record": domain_proofs.record(found),
    }
