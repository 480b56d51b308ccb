"""What people have agreed to."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models

from audit.models import AppendOnlyError
from plinto.kernel.ids import uuid7


class Consents(models.QuerySet["TermsConsent"]):
    """Reads, inserts, and what erasing a person removes."""

    def update(self, **_kwargs: Any) -> NoReturn:
        raise AppendOnlyError("What somebody agreed to is added and read, never changed.")


class TermsConsent(models.Model):
    """
    Somebody agreed to one version of the terms, from ``address``, at ``accepted_at``.

    Rows are added and read, never changed; they go with the person.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="consents", db_index=False
    )
    version = models.CharField(max_length=40)
    accepted_at = models.DateTimeField()
    address = models.CharField(max_length=45)

    objects = Consents.as_manager()

    class Meta:
        db_table = "accounts_terms_consent"
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "version"], name="terms_accepted_once")
        ]

    def __str__(self) -> str:
        return self.version

    def save(self, *args: Any, **kwargs: Any) -> None:
        # Otherwise saving a row that exists would update it, past the query set.
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)
