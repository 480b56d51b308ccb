"""A key pair that signs access tokens."""

from __future__ import annotations

from django.db import models


class SigningKey(models.Model):
    """
    One key of the ring, published from ``created_at`` to ``published_until``.

    It signs from ``signs_from`` until a younger key does. The private half is sealed with the
    field keys; the public half is a JWK (RFC 7517).
    """

    kid = models.CharField(primary_key=True, max_length=43)
    algorithm = models.CharField(max_length=10)
    private_key = models.BinaryField(editable=False)
    public_jwk = models.JSONField()
    created_at = models.DateTimeField()
    signs_from = models.DateTimeField()
    published_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "accounts_signing_key"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.kid
