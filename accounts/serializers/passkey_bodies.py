"""
Bodies about passkeys.

``passkey`` is what ``PublicKeyCredential.toJSON()`` makes in the browser (Web Authentication
Level 3, section 5.1). Members of it that are not named here are left alone, because browsers add
more with every level; those that are named must be what they should.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from webauthn.helpers import base64url_to_bytes

from accounts.serializers.fields import Name
from accounts.services.ceremonies import Assertion, Attestation
from accounts.services.passkey_challenges import Purpose
from plinto.kernel.serializers import Body, Text

_TOKEN = 512
# Base64url is a third longer than its bytes: ids of 1,023 bytes, and more than anybody signs.
_ID, _CLIENT, _SIGNED, _HANDLE = 1364, 4096, 16_384, 88


class Base64Url(Text):
    """Bytes as browsers spell them in JSON: URL-safe base64 without padding (RFC 4648)."""

    default_error_messages = {"unreadable": "Send base64url without padding."}

    def to_internal_value(self, data: Any) -> str:
        spelt = super().to_internal_value(data)
        is_plain = spelt.isascii() and spelt.replace("-", "").replace("_", "").isalnum()
        try:
            base64url_to_bytes(spelt)
        except ValueError:
            self.fail("unreadable")
        if not is_plain:
            self.fail("unreadable")
        return spelt


class _Kind(Text):
    """The one type of credential there is."""

    default_error_messages = {"unknown": "Must be public-key."}

    def to_internal_value(self, data: Any) -> str:
        kind = super().to_internal_value(data)
        if kind != "public-key":
            self.fail("unknown")
        return kind


class AttestationResponsePart(serializers.Serializer[Any]):
    clientDataJSON = Base64Url(max_length=_CLIENT)
    attestationObject = Base64Url(max_length=_SIGNED)
    transports = serializers.ListField(
        child=Text(max_length=32), max_length=8, required=False, default=list
    )


class AssertionResponsePart(serializers.Serializer[Any]):
    clientDataJSON = Base64Url(max_length=_CLIENT)
    authenticatorData = Base64Url(max_length=_CLIENT)
    signature = Base64Url(max_length=_CLIENT)
    userHandle = Base64Url(max_length=_HANDLE, required=False, allow_null=True, allow_blank=True)


class AttestationPart(serializers.Serializer[Any]):
    """A new passkey, as ``navigator.credentials.create()`` made it."""

    id = Base64Url(max_length=_ID)
    rawId = Base64Url(max_length=_ID)
    type = _Kind()
    response = AttestationResponsePart()

    def to_internal_value(self, data: Any) -> Any:
        return Attestation(super().to_internal_value(data))


class AssertionPart(serializers.Serializer[Any]):
    """An answer of a passkey, as ``navigator.credentials.get()`` gave it."""

    id = Base64Url(max_length=_ID)
    rawId = Base64Url(max_length=_ID)
    type = _Kind()
    response = AssertionResponsePart()

    def to_internal_value(self, data: Any) -> Any:
        return Assertion(super().to_internal_value(data))


class PasskeyOptionsBody(Body):
    """To ``register`` a new passkey, or to ``reauthenticate`` with one that is there."""

    purpose = serializers.ChoiceField(
        choices=[Purpose.REGISTER.value, Purpose.REAUTHENTICATE.value],
        default=Purpose.REGISTER.value,
    )

    def validate_purpose(self, value: str) -> Purpose:
        return Purpose(value)


class PasskeyAddBody(Body):
    passkey = AttestationPart()
    name = Name(default="")


class PasskeyNameBody(Body):
    name = Name(allow_blank=False)

    def validate_name(self, value: str) -> str:
        # Spaces around a name are dropped, and then nothing may be left of it.
        if not value:
            raise serializers.ValidationError("Send a name.")
        return value


class PasskeyLoginOptionsBody(Body):
    """Nothing, or the ``mfa_token`` of a sign-in that waits for its second step."""

    mfa_token = Text(max_length=_TOKEN, required=False)


class PasskeyLoginBody(Body):
    passkey = AssertionPart()
