"""A person's address on its way to another one, and the way back."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from accounts.models.mailed_link import MailedLink
from plinto.kernel.ids import uuid7


class AddressChange(models.Model):
    """
    The address a person wants, until they show the code that was mailed to it.

    One at a time: asking again makes the former code worthless.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    email = models.CharField(max_length=254)
    email_key = models.CharField(max_length=254)
    mail_id = models.UUIDField(db_index=True)
    code_digest = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "accounts_address_change"
        ordering: ClassVar[list[str]] = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.id)


class UndoLink(MailedLink):
    """
    A link, mailed to the address that a person gave up, that gives it back to them.

    Bound to nothing that a thief could change meanwhile: neither password nor present address.
    """

    email = models.CharField(max_length=254)

    class Meta(MailedLink.Meta):
        db_table = "accounts_undo_link"
        default_permissions = ()
