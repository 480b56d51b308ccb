"""What a person proves besides the password, and a sign-in that still waits for it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from plinto.kernel.ids import uuid7


class AuthenticatorApp(models.Model):
    """
    The secret a person shares with an authenticator app; a factor once it is confirmed.

    ``last_step`` is the step of RFC 6238 whose code was taken last. It only grows, by one
    conditional update, and so no code is taken twice.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="authenticator_app"
    )
    sealed_secret = models.BinaryField(editable=False)
    last_step = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "accounts_authenticator_app"
        ordering = ["-id"]
        # Staff look at factors on the person's page and do nothing else to them.
        default_permissions = ()
        permissions = [("reset_factors", "Can remove the second factor of a person")]

    def __str__(self) -> str:
        return str(self.id)


class RecoveryCode(models.Model):
    """One of ten codes that stand in for a lost app, each once; only its digest is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_codes"
    )
    code_digest = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "accounts_recovery_code"
        ordering = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.id)


class PendingSignIn(models.Model):
    """
    A sign-in whose first proof was right and whose second factor is awaited at ``door``.

    Bound to the password hash it began with: after that has changed it leads nowhere. One that
    came by an organization's connection keeps what was vouched for, sealed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    door = models.CharField(max_length=10)
    methods = models.JSONField(default=list)  # RFC 8176 names of what was proved so far
    sealed_statement = models.BinaryField(editable=False, null=True)
    password_digest = models.BinaryField(max_length=32)
    token_digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "accounts_pending_sign_in"
        ordering = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.id)
