"""Request bodies, each an allow-list of fields."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.serializers.fields import Digits, LanguageTag, Name, RecoveryCode, TimeZone
from accounts.serializers.passkey_bodies import AssertionPart
from accounts.serializers.terms import LONGEST as TERMS_LONGEST
from plinto.kernel.serializers import Body, Text

# Far beyond any real value: bounds the work of rules and logs, not the person.
_ADDRESS = 320
_PASSWORD = 1024
_TOKEN = 512


class RegisterBody(Body):
    email = Text(max_length=_ADDRESS)
    password = Text(max_length=_PASSWORD)
    name = Name(default="")
    terms_version = Text(
        max_length=TERMS_LONGEST,
        default="",
        help_text="The version in force that was agreed to, where the deployment asks for one.",
    )


class VerifyEmailBody(Body):
    """Either ``token``, or ``email`` and ``code``; with ``registration`` or ``password``."""

    token = Text(max_length=_TOKEN, required=False)
    email = Text(max_length=_ADDRESS, required=False)
    code = Text(max_length=6, min_length=6, required=False)
    registration = Text(max_length=_TOKEN, default="")
    password = Text(max_length=_PASSWORD, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        by_token, by_code = "token" in attrs, "email" in attrs and "code" in attrs
        if by_token == by_code or (by_token and ("email" in attrs or "code" in attrs)):
            raise serializers.ValidationError("Send either token, or email and code.")
        return attrs


class EmailBody(Body):
    email = Text(max_length=_ADDRESS)


class LoginBody(Body):
    email = Text(max_length=_ADDRESS)
    password = Text(max_length=_PASSWORD)


class SecondStepBody(Body):
    """``mfa_token`` with one of ``code``, ``recovery_code`` and ``passkey``."""

    mfa_token = Text(max_length=_TOKEN)
    code = Digits(required=False)
    recovery_code = RecoveryCode(required=False)
    passkey = AssertionPart(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return _one_of(attrs, "code", "recovery_code", "passkey")


class CodeBody(Body):
    code = Digits()


class RefreshBody(Body):
    refresh = Text(max_length=_TOKEN)


class ReauthenticateBody(Body):
    """One of ``password``, ``code`` and ``passkey``."""

    password = Text(max_length=_PASSWORD, required=False)
    code = Digits(required=False)
    passkey = AssertionPart(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return _one_of(attrs, "password", "code", "passkey")


class PasswordChangeBody(Body):
    current_password = Text(max_length=_PASSWORD)
    new_password = Text(max_length=_PASSWORD)


class PasswordResetConfirmBody(Body):
    token = Text(max_length=_TOKEN)
    password = Text(max_length=_PASSWORD)


class ProfileBody(Body):
    name = Name(required=False)
    locale = LanguageTag(max_length=35, allow_blank=True, required=False)
    timezone = TimeZone(max_length=64, allow_blank=True, required=False)


def _one_of(attrs: dict[str, Any], *names: str) -> dict[str, Any]:
    if sum(name in attrs for name in names) != 1:
        raise serializers.ValidationError(f"Send either {' or '.join(names)}.")
    return attrs
