"""Bodies and answers about API keys, and about tokens that a key asks about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from accounts.models import ApiKey
from accounts.rules import permissions
from accounts.serializers.organization_answers import MemberUserAnswer
from accounts.serializers.organization_bodies import FullName, Permission
from accounts.services.api_keys import Issued
from plinto.kernel.serializers import Body, Text

_SCOPES = 50
_LONGEST_OVERLAP = int(timedelta(days=7).total_seconds())
_OVERLAP = int(timedelta(days=1).total_seconds())
# A token of ours is under 1 kB.
_LONGEST_TOKEN = 4096


class Scope(Permission):
    """A permission or all of a subject; a key says what it is for, so not everything there is."""

    default_error_messages = {"everything": "A key cannot hold everything. Name its scopes."}

    def to_internal_value(self, data: Any) -> str:
        scope = super().to_internal_value(data)
        if scope == permissions.EVERYTHING:
            self.fail("everything")
        return scope


class Seconds(serializers.IntegerField):
    """A whole number and nothing that merely looks like one: "60" is text, true is a truth."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool | str):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class ApiKeyBody(Body):
    name = FullName()
    scopes = serializers.ListField(child=Scope(), min_length=1, max_length=_SCOPES)
    expires_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="Left out, or null: as late as `API_KEY_MAX_DAYS` allows.",
    )


class ApiKeyChangeBody(Body):
    name = FullName(required=False)
    scopes = serializers.ListField(child=Scope(), min_length=1, max_length=_SCOPES, required=False)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class RotateBody(Body):
    overlap_seconds = Seconds(
        min_value=0,
        max_value=_LONGEST_OVERLAP,
        default=_OVERLAP,
        help_text="How long the secret of now works on; 0 ends it at once.",
    )


class TokenBody(Body):
    """The parameters of RFC 7662, section 2.1, and of RFC 7009, section 2.1."""

    token = Text(max_length=_LONGEST_TOKEN)
    token_type_hint = Text(
        max_length=100, required=False, help_text="Not needed: tokens say what they are."
    )


class ApiKeyAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    hint = serializers.CharField(help_text="The first characters of the key.")
    scopes = serializers.ListField(child=serializers.CharField())
    made_by = MemberUserAnswer(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    rotated_at = serializers.DateTimeField(allow_null=True)
    former_ends_at = serializers.DateTimeField(
        allow_null=True, help_text="Until when the secret before the last rotation works."
    )
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")


class ApiKeyPageAnswer(serializers.Serializer[Any]):
    results = ApiKeyAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class IssuedApiKeyAnswer(ApiKeyAnswer):
    key = serializers.CharField(help_text="The key itself. It is never shown again.")


class IntrospectionAnswer(serializers.Serializer[Any]):
    """RFC 7662, section 2.2; of an inactive token nothing but that."""

    active = serializers.BooleanField()
    token_use = serializers.ChoiceField(
        ["access_token", "refresh_token", "api_key"],
        required=False,
        help_text="Take only the kind you expect: a refresh token is no access token.",
    )
    token_type = serializers.CharField(required=False, help_text="`Bearer` of what may be one.")
    scope = serializers.CharField(
        required=False, help_text="What its holder may do in the organization of the asking key."
    )
    client_id = serializers.CharField(required=False)
    username = serializers.CharField(required=False)
    sub = serializers.CharField(required=False)
    org = serializers.CharField(required=False)
    sid = serializers.CharField(required=False)
    jti = serializers.CharField(required=False)
    iss = serializers.CharField(required=False)
    aud = serializers.CharField(required=False)
    iat = serializers.IntegerField(required=False)
    exp = serializers.IntegerField(required=False)


def api_key(found: ApiKey) -> dict[str, Any]:
    """Show a key to a member; of its secret only the beginning."""
    maker = found.made_by
    return {
        "id": found.pk,
        "name": found.name,
        "hint": found.hint,
        "scopes": found.scopes,
        "made_by": maker and {"id": maker.pk, "email": maker.email, "name": maker.name},
        "created_at": found.created_at,
        "expires_at": found.expires_at,
        "rotated_at": found.rotated_at,
        "former_ends_at": found.former_ends_at,
        "last_used_at": found.last_used_at,
    }


def issued(fresh: Issued) -> dict[str, Any]:
    """Show a key with its new secret, once."""
    return {**api_key(fresh.key), "key": fresh.text}
