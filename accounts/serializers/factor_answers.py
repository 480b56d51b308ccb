"""Answers about second factors."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import segno
from rest_framework import serializers

from accounts.serializers.passkey_answers import PasskeyAnswer, passkey
from accounts.services.second_factors import Enrolment, Factors


class AppAnswer(serializers.Serializer[Any]):
    confirmed = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class FactorsAnswer(serializers.Serializer[Any]):
    methods = serializers.ListField(
        child=serializers.ChoiceField(choices=["totp", "passkey", "recovery_code"]),
        help_text="What sign-in takes as a second factor; empty without one.",
    )
    totp = AppAnswer(allow_null=True)
    passkeys = PasskeyAnswer(many=True)
    recovery_codes_left = serializers.IntegerField()


class EnrolmentAnswer(serializers.Serializer[Any]):
    """Shown this once; the app is a factor when it is confirmed by a code."""

    secret = serializers.CharField(help_text="Base32, for apps without a camera.")
    otpauth_uri = serializers.CharField()
    qr_svg = serializers.CharField(help_text="The same as a QR code: an SVG element.")


class RecoveryCodesAnswer(serializers.Serializer[Any]):
    """Shown this once; each works once."""

    recovery_codes = serializers.ListField(child=serializers.CharField())


def factors(found: Factors) -> dict[str, Any]:
    """Show a person what factors they have."""
    app = found.app
    return {
        "methods": found.methods,
        "totp": app
        and {
            "confirmed": app.confirmed_at is not None,
            "created_at": app.created_at,
            "last_used_at": app.last_used_at,
        },
        "passkeys": [passkey(row) for row in found.passkeys],
        "recovery_codes_left": found.codes_left,
    }


def enrolment(begun: Enrolment) -> dict[str, Any]:
    """Show the secret of a new app in the three forms that apps take."""
    return {
        "secret": begun.secret,
        "otpauth_uri": begun.uri,
        "qr_svg": qr_svg(begun.uri),
    }


def qr_svg(text: str) -> str:
    """Draw a QR code as an SVG element with a white ground, for dark pages too."""
    drawn = BytesIO()
    segno.make(text, error="m", micro=False).save(
        drawn, kind="svg", scale=4, light="#fff", xmldecl=False, nl=False, title="QR code"
    )
    return drawn.getvalue().decode()
