"""Who a person is at an identity provider, and sign-ins that are under way there."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from plinto.kernel.ids import uuid7


class Identity(models.Model):
    """
    A person's account at a provider: ``subject`` is what the provider knows it by, for ever.

    With a ``connection_id`` the provider is an organization's own, reached by that connection, and
    ``provider`` names the protocol; a subject means something to that connection only.

    ``email`` is what the provider said when it was linked; it shows people which account it is
    and decides nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="identities"
    )
    provider = models.CharField(max_length=30)
    connection_id = models.UUIDField(null=True, blank=True, editable=False)
    subject = models.CharField(max_length=255)
    email = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "accounts_identity"
        ordering = ["-id"]
        verbose_name_plural = "identities"
        default_permissions = ("view", "delete")
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "subject"],
                condition=Q(connection_id__isnull=True),
                name="identity_of_provider_and_subject",
            ),
            models.UniqueConstraint(
                fields=["connection_id", "subject"],
                condition=Q(connection_id__isnull=False),
                name="identity_of_connection_and_subject",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.email or self.subject}"


class ProviderSignIn(models.Model):
    """
    One way to a provider and back, bound to the browser that began it.

    It is spent in up to three steps, each by one conditional update: the provider's answer
    (``state``), what the browser brings from there (``code``), and the consent of an account's
    owner to be linked (``link``). ``user`` is who the identity is to be linked to, and
    ``session_id`` the session that asked for it. What comes by a ``connection_id`` is verified and
    answered before it gets a row here, and only its code and its link remain to be spent.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=30)
    connection_id = models.UUIDField(null=True)
    redirect_uri = models.CharField(max_length=500)
    browser_digest = models.BinaryField(max_length=32)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE)
    session_id = models.UUIDField(null=True)
    created_at = models.DateTimeField()

    state_digest = models.BinaryField(max_length=32, unique=True)
    sealed_secrets = models.BinaryField(editable=False)  # nonce and PKCE verifier
    expires_at = models.DateTimeField(db_index=True)
    answered_at = models.DateTimeField(null=True)

    code_digest = models.BinaryField(max_length=32, unique=True, null=True)
    sealed_statement = models.BinaryField(editable=False, null=True)
    code_expires_at = models.DateTimeField(null=True)
    exchanged_at = models.DateTimeField(null=True)

    link_digest = models.BinaryField(max_length=32, unique=True, null=True)
    link_expires_at = models.DateTimeField(null=True)
    linked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "accounts_provider_sign_in"
        ordering = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.id)
