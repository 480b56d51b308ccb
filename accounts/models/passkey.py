"""Passkeys: what is known of each authenticator's key, and the challenges that wait for one."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from plinto.kernel.ids import uuid7


class Passkey(models.Model):
    """
    The public half of a key pair that an authenticator made for one person.

    The credential record of Web Authentication Level 3, section 4. ``sign_count`` only grows, by
    one conditional update, unless the authenticator keeps none and always says zero.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="passkeys"
    )
    credential_id = models.BinaryField(max_length=1023, unique=True)
    public_key = models.BinaryField(max_length=1100)  # COSE_Key, RFC 9052
    sign_count = models.PositiveBigIntegerField()
    transports = models.JSONField(default=list)
    aaguid = models.UUIDField()  # the model of the authenticator, as it says itself
    is_backup_eligible = models.BooleanField()  # may live on several devices; never changes
    is_backed_up = models.BooleanField()
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "accounts_passkey"
        ordering = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.id)


class PasskeyChallenge(models.Model):
    """
    A random value that one answer of an authenticator may carry; only its digest is kept.

    ``bound_to`` is the session or the sign-in that asked for it; a sign-in from nothing has none.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True)
    purpose = models.CharField(max_length=20)
    bound_to = models.UUIDField(null=True)
    challenge_digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "accounts_passkey_challenge"
        ordering = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.id)
