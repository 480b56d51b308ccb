"""Answers about passkeys; options have the names that browsers give their members."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import Passkey
from accounts.services.passkeys import Added


class PasskeyAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    aaguid = serializers.UUIDField(help_text="The model of the authenticator, as it says itself.")
    transports = serializers.ListField(child=serializers.CharField())
    backup_eligible = serializers.BooleanField(help_text="May be copied to other devices.")
    backed_up = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class PasskeyPageAnswer(serializers.Serializer[Any]):
    results = PasskeyAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class PasskeyAddedAnswer(PasskeyAnswer):
    """With the first factor come recovery codes, shown this once; each works once."""

    recovery_codes = serializers.ListField(child=serializers.CharField(), allow_null=True)


class _Descriptor(serializers.Serializer[Any]):
    id = serializers.CharField()
    type = serializers.CharField()
    transports = serializers.ListField(child=serializers.CharField(), required=False)


class _Algorithm(serializers.Serializer[Any]):
    type = serializers.CharField()
    alg = serializers.IntegerField(help_text="Of the COSE registry, such as -7 for ES256.")


class _Site(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()


class _Account(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    displayName = serializers.CharField()


class _Selection(serializers.Serializer[Any]):
    residentKey = serializers.CharField()
    requireResidentKey = serializers.BooleanField()
    userVerification = serializers.CharField()


class CreationOptionsAnswer(serializers.Serializer[Any]):
    """For ``PublicKeyCredential.parseCreationOptionsFromJSON``."""

    rp = _Site()
    user = _Account()
    challenge = serializers.CharField()
    pubKeyCredParams = _Algorithm(many=True)
    timeout = serializers.IntegerField(help_text="Milliseconds.")
    excludeCredentials = _Descriptor(many=True)
    authenticatorSelection = _Selection()
    attestation = serializers.CharField()


class RequestOptionsAnswer(serializers.Serializer[Any]):
    """For ``PublicKeyCredential.parseRequestOptionsFromJSON``; empty lists allow every passkey."""

    challenge = serializers.CharField()
    timeout = serializers.IntegerField(help_text="Milliseconds.")
    rpId = serializers.CharField()
    allowCredentials = _Descriptor(many=True)
    userVerification = serializers.CharField()


def passkey(row: Passkey) -> dict[str, Any]:
    """Show one passkey to its person."""
    return {
        "id": row.pk,
        "name": row.name,
        "aaguid": row.aaguid,
        "transports": row.transports,
        "backup_eligible": row.is_backup_eligible,
        "backed_up": row.is_backed_up,
        "created_at": row.created_at,
        "last_used_at": row.last_used_at,
    }


def added(entry: Added) -> dict[str, Any]:
    """Show a new passkey, and the recovery codes if they are new too."""
    return {**passkey(entry.passkey), "recovery_codes": entry.recovery_codes}
