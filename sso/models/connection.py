"""How an organization's people come in by its own identity provider."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from plinto.kernel.ids import uuid7
from resilience.leases import LeasedRow


class Connection(models.Model):
    """
    One identity provider of an organization, over one protocol.

    ``slug`` is in the addresses that the provider is told, so it never changes. ``attributes`` says
    under which names the provider tells of a person: ``{"email": ["mail", ...], ...}``, by the
    preset's habit where it is silent. A browser is sent to an address of ``redirect_uris``, to one
    that the deployment lists, or to Plinto's own page. ``max_age`` is in seconds since the person
    proved themselves at the provider, ``clock_skew`` in seconds.
    """

    class Protocol(models.TextChoices):
        SAML = "saml", "SAML 2.0"
        OIDC = "oidc", "OpenID Connect"

    class Preset(models.TextChoices):
        GENERIC = "generic", "Generic"
        OKTA = "okta", "Okta"
        ENTRA = "entra", "Microsoft Entra ID"
        GOOGLE = "google", "Google Workspace"
        KEYCLOAK = "keycloak", "Keycloak"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    slug = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    protocol = models.CharField(max_length=4, choices=Protocol)
    preset = models.CharField(max_length=10, choices=Preset, default=Preset.GENERIC)
    is_enabled = models.BooleanField(default=True)
    redirect_uris = models.JSONField(default=list, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    creates_accounts = models.BooleanField(default=True)
    default_role = models.ForeignKey(
        "accounts.Role", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    max_age = models.PositiveIntegerField(null=True, blank=True)
    clock_skew = models.PositiveSmallIntegerField(default=60)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "sso_connection"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organization", "protocol", "-id"], name="connection_of_org")
        ]
        constraints = [
            models.CheckConstraint(condition=Q(clock_skew__lte=120), name="connection_clock_skew")
        ]

    def __str__(self) -> str:
        return self.slug


class SAMLSettings(models.Model):
    """
    What the metadata of a SAML identity provider say; as last good as they were.

    ``certificates`` are base64 of DER, without armour: one, or two while the provider rolls over.
    ``end_told_days`` is for how few days before their end the owners have been told of it.
    ``metadata_signer`` is such a certificate too; where it is set, metadata must be signed by it.
    Without ``subject_attribute`` people are known by their NameID.
    """

    class Binding(models.TextChoices):
        REDIRECT = "redirect", "HTTP-Redirect"
        POST = "post", "HTTP-POST"

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="saml"
    )
    entity_id = models.CharField(max_length=1024)
    sso_url = models.CharField(max_length=2048)
    sso_binding = models.CharField(max_length=8, choices=Binding, default=Binding.REDIRECT)
    slo_url = models.CharField(max_length=2048, blank=True)
    slo_answer_url = models.CharField(max_length=2048, blank=True)
    slo_binding = models.CharField(max_length=8, choices=Binding, default=Binding.REDIRECT)
    certificates = models.JSONField(default=list)
    certificates_end_at = models.DateTimeField(null=True, blank=True)
    end_told_days = models.PositiveSmallIntegerField(null=True, blank=True)
    metadata_url = models.CharField(max_length=2048, blank=True)
    metadata_xml = models.TextField(blank=True)
    metadata_signer = models.TextField(blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    subject_attribute = models.CharField(max_length=255, blank=True)
    allows_unsolicited = models.BooleanField(default=False)
    wants_encrypted = models.BooleanField(default=False)

    class Meta:
        db_table = "sso_saml_settings"
        default_permissions = ()

    def __str__(self) -> str:
        return self.entity_id


class OIDCSettings(models.Model):
    """
    A client of an OpenID provider; ``metadata`` and ``keys`` are what it published last.

    The secret is sealed.
    """

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="oidc"
    )
    issuer = models.CharField(max_length=1024)
    client_id = models.CharField(max_length=255)
    client_secret = models.BinaryField(editable=False, default=b"")
    scope = models.CharField(max_length=500, default="openid email profile")
    metadata = models.JSONField(null=True, editable=False)
    keys = models.JSONField(null=True, editable=False)

    class Meta:
        db_table = "sso_oidc_settings"
        default_permissions = ()

    def __str__(self) -> str:
        return self.issuer


class Refresh(LeasedRow):
    """
    When the worker asks a provider again for what it publishes; the row is never settled.

    While that fails, what was good last goes on being used: ``fetched_at`` says since when, and
    ``failing_since`` how long nothing new was to be had.
    """

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="refresh"
    )
    fetched_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)

    class Meta(LeasedRow.Meta):
        db_table = "sso_refresh"
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.connection_id)


class GroupRole(models.Model):
    """
    The role that members of a provider's group get; of several the lowest ``position`` counts.

    Whoever comes by SAML or OpenID Connect brings the names of their groups, SCIM provisions them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    group = models.CharField(max_length=255)
    role = models.ForeignKey("accounts.Role", on_delete=models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "sso_group_role"
        ordering = ["position"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["organization", "group"], name="group_role_once")
        ]

    def __str__(self) -> str:
        return self.group
