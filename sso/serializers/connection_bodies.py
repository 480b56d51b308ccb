"""Bodies about connections, each an allow-list of fields; services judge what is in them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.serializers.api_keys import Seconds
from accounts.serializers.organization_bodies import FullName, RoleName, Slug, Truth
from plinto.kernel.serializers import Body, Text
from sso.models import Connection, SAMLSettings
from sso.services import connection_fields as fields

_YEAR = 365 * 24 * 60 * 60


class Title(FullName):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 100, **kwargs})


class Names(serializers.ListField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            child=Text(max_length=fields.LONGEST_NAME), max_length=fields.MOST_NAMES, **kwargs
        )


class AttributesBody(Body):
    """Under which names the provider tells of a person; of several the first that came counts."""

    email = Names(required=False)
    name = Names(required=False)
    given_name = Names(required=False)
    family_name = Names(required=False)
    groups = Names(required=False)


class _Connection(Body):
    """What both protocols have."""

    preset = serializers.ChoiceField(
        choices=Connection.Preset.choices,
        required=False,
        help_text="Whose habits fill in what is left out.",
    )
    enabled = Truth(required=False, help_text="Turning it off ends the sessions that came by it.")
    redirect_uris = serializers.ListField(
        child=Text(max_length=fields.LONGEST_REDIRECT),
        max_length=fields.MOST_REDIRECTS,
        required=False,
        help_text="Where browsers may come back to, compared exactly: https, or http on loopback.",
    )
    attributes = AttributesBody(
        required=False, help_text="By the preset's habit where a list is left out."
    )
    creates_accounts = Truth(
        required=False,
        help_text="Whether somebody unknown with an address in a proved domain gets an account.",
    )
    default_role = RoleName(
        required=False,
        allow_null=True,
        help_text="The role of whom no group gives one; null for `member`.",
    )
    max_age = Seconds(
        min_value=0,
        max_value=_YEAR,
        required=False,
        allow_null=True,
        help_text="How old a proof at the provider may be; null for any age.",
    )
    clock_skew = Seconds(
        min_value=0, max_value=120, required=False, help_text="How far clocks may differ."
    )


class _SAML(_Connection):
    metadata_url = Text(
        max_length=fields.LONGEST_URL,
        required=False,
        allow_blank=True,
        help_text="Where the provider publishes its metadata; asked again every hour.",
    )
    metadata_signer = Text(
        max_length=20_000,
        required=False,
        allow_blank=True,
        help_text="The certificate that metadata must be signed by, in PEM.",
    )
    sso_url = Text(max_length=fields.LONGEST_URL, required=False)
    sso_binding = serializers.ChoiceField(choices=SAMLSettings.Binding.choices, required=False)
    slo_url = Text(max_length=fields.LONGEST_URL, required=False, allow_blank=True)
    slo_binding = serializers.ChoiceField(choices=SAMLSettings.Binding.choices, required=False)
    certificates = serializers.ListField(
        child=Text(max_length=20_000),
        min_length=1,
        max_length=fields.MOST_CERTIFICATES,
        required=False,
        help_text="What the provider signs with, in PEM.",
    )
    subject_attribute = Text(
        max_length=fields.LONGEST_NAME,
        required=False,
        allow_blank=True,
        help_text="An attribute that never changes, in place of the NameID.",
    )
    allows_unsolicited = Truth(
        required=False, help_text="Whether people may begin at the provider."
    )
    wants_encrypted = Truth(required=False, help_text="Whether assertions must be encrypted.")


class SAMLBody(_SAML):
    """``metadata_xml``, or ``metadata_url``, or what they would say by hand."""

    name = Title()
    slug = Slug(
        max_length=40, required=False, help_text="In every address; never changes. From the name."
    )
    entity_id = Text(max_length=1024, required=False)
    metadata_xml = Text(max_length=fields.LONGEST_METADATA, required=False)


class SAMLChangeBody(_SAML):
    name = Title(required=False)


class MetadataBody(Body):
    metadata_xml = Text(
        max_length=fields.LONGEST_METADATA,
        required=False,
        help_text="Left out, the metadata are fetched from `metadata_url` now.",
    )


class _OIDC(_Connection):
    client_secret = Text(
        max_length=1024, required=False, help_text="Never shown again; left out, it stays."
    )
    scope = Text(max_length=500, required=False)


class OIDCBody(_OIDC):
    name = Title()
    slug = Slug(
        max_length=40, required=False, help_text="In every address; never changes. From the name."
    )
    issuer = Text(max_length=1024)
    client_id = Text(max_length=255)
    client_secret = Text(max_length=1024, help_text="Never shown again.")


class OIDCChangeBody(_OIDC):
    name = Title(required=False)
    client_id = Text(max_length=255, required=False)
