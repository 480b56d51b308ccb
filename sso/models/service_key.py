"""The key pair by which Plinto, as a service provider, signs requests and reads assertions."""

from __future__ import annotations

from django.db import models

from plinto.kernel.ids import uuid7


class ServiceKey(models.Model):
    """
    One key of the deployment, with the certificate that identity providers are given.

    Both keys of a rollover are published from ``created_at`` to ``published_until`` and decrypt;
    it signs from ``signs_from`` until a younger one does. The private half (PKCS 8, DER) is sealed,
    ``certificate`` is base64 of DER.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    certificate = models.TextField()
    private_key = models.BinaryField(editable=False)
    created_at = models.DateTimeField()
    signs_from = models.DateTimeField()
    expires_at = models.DateTimeField()
    published_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "sso_service_key"
        ordering = ["-id"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return str(self.id)
