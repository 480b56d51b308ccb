"""Answers about connections: how each is set up, and what to paste at its provider."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from sso.models import Connection, SAMLSettings
from sso.services import addresses, certificates


class CertificateAnswer(serializers.Serializer[Any]):
    subject = serializers.CharField()
    not_before = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    sha256_fingerprint = serializers.CharField()


class MetadataAnswer(serializers.Serializer[Any]):
    """How asking the provider for what it publishes has gone."""

    fetched_at = serializers.DateTimeField(allow_null=True)
    failing_since = serializers.DateTimeField(
        allow_null=True, help_text="Since when nothing new is to be had; what was good last holds."
    )
    last_error = serializers.CharField(allow_blank=True)


class ServiceProviderAnswer(serializers.Serializer[Any]):
    """What to paste at a SAML provider; it may read all of it from ``metadata_url``."""

    entity_id = serializers.CharField()
    acs_url = serializers.CharField()
    sls_url = serializers.CharField()
    metadata_url = serializers.CharField()
    login_url = serializers.CharField(help_text="Where people begin, with `?redirect_uri=`.")


class RelyingPartyAnswer(serializers.Serializer[Any]):
    """What to paste at an OpenID provider."""

    callback_url = serializers.CharField(help_text="The redirect URI.")
    backchannel_logout_url = serializers.CharField()
    initiate_login_uri = serializers.CharField()


class _ConnectionAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    preset = serializers.ChoiceField(choices=Connection.Preset.choices)
    enabled = serializers.BooleanField()
    redirect_uris = serializers.ListField(child=serializers.CharField())
    attributes = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    creates_accounts = serializers.BooleanField()
    default_role = serializers.CharField(allow_null=True)
    max_age = serializers.IntegerField(allow_null=True)
    clock_skew = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    metadata = MetadataAnswer(help_text="All null where nothing is fetched.")


class SAMLAnswer(_ConnectionAnswer):
    entity_id = serializers.CharField(help_text="What the provider is called.")
    sso_url = serializers.CharField()
    sso_binding = serializers.ChoiceField(choices=SAMLSettings.Binding.choices)
    slo_url = serializers.CharField(allow_blank=True)
    slo_binding = serializers.ChoiceField(choices=SAMLSettings.Binding.choices)
    certificates = CertificateAnswer(many=True)
    expires_at = serializers.DateTimeField(
        allow_null=True, help_text="When the last of the certificates ends."
    )
    metadata_url = serializers.CharField(allow_blank=True)
    metadata_valid_until = serializers.DateTimeField(
        allow_null=True, help_text="Past, the provider should have published anew."
    )
    has_metadata_signer = serializers.BooleanField()
    subject_attribute = serializers.CharField(allow_blank=True)
    allows_unsolicited = serializers.BooleanField()
    wants_encrypted = serializers.BooleanField()
    service_provider = ServiceProviderAnswer()


class OIDCAnswer(_ConnectionAnswer):
    issuer = serializers.CharField()
    client_id = serializers.CharField()
    scope = serializers.CharField()
    relying_party = RelyingPartyAnswer()


class SAMLPageAnswer(serializers.Serializer[Any]):
    results = SAMLAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class OIDCPageAnswer(serializers.Serializer[Any]):
    results = OIDCAnswer(many=True)
    next = serializers.CharField(allow_null=True)


def saml(found: Connection) -> dict[str, Any]:
    """Show a SAML connection, with all that is needed at the provider."""
    kept = found.saml
    return {
        **_common(found),
        "entity_id": kept.entity_id,
        "sso_url": kept.sso_url,
        "sso_binding": kept.sso_binding,
        "slo_url": kept.slo_url,
        "slo_binding": kept.slo_binding,
        "certificates": [_certificate(each) for each in kept.certificates],
        "expires_at": kept.certificates_end_at,
        "metadata_url": kept.metadata_url,
        "metadata_valid_until": kept.valid_until,
        "has_metadata_signer": bool(kept.metadata_signer),
        "subject_attribute": kept.subject_attribute,
        "allows_unsolicited": kept.allows_unsolicited,
        "wants_encrypted": kept.wants_encrypted,
        "service_provider": {
            "entity_id": addresses.entity_id(found),
            "acs_url": addresses.acs(found),
            "sls_url": addresses.sls(found),
            "metadata_url": addresses.entity_id(found),
            "login_url": addresses.login(found),
        },
    }


def oidc(found: Connection) -> dict[str, Any]:
    """Show an OpenID Connect connection; of its secret nothing."""
    kept = found.oidc
    return {
        **_common(found),
        "issuer": kept.issuer,
        "client_id": kept.client_id,
        "scope": kept.scope,
        "relying_party": {
            "callback_url": addresses.callback(found),
            "backchannel_logout_url": addresses.backchannel_logout(found),
            "initiate_login_uri": addresses.login(found),
        },
    }


def _common(found: Connection) -> dict[str, Any]:
    refresh = getattr(found, "refresh", None)
    return {
        "id": found.pk,
        "slug": found.slug,
        "name": found.name,
        "preset": found.preset,
        "enabled": found.is_enabled,
        "redirect_uris": found.redirect_uris,
        "attributes": found.attributes,
        "creates_accounts": found.creates_accounts,
        "default_role": found.default_role.name if found.default_role else None,
        "max_age": found.max_age,
        "clock_skew": found.clock_skew,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "last_used_at": found.last_used_at,
        "metadata": {
            "fetched_at": refresh and refresh.fetched_at,
            "failing_since": refresh and refresh.failing_since,
            "last_error": refresh.last_error if refresh else "",
        },
    }


def _certificate(kept: str) -> dict[str, Any]:
    found = certificates.described(kept)
    return {
        "subject": found.subject,
        "not_before": found.not_before,
        "expires_at": found.expires_at,
        "sha256_fingerprint": found.sha256_fingerprint,
    }
