"""Links that go out by mail, each good for one thing, once; only digests of them are kept."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from plinto.kernel.ids import uuid7


class MailedLink(models.Model):
    """
    What all of them have in common; ``purpose`` keeps the bindings of one kind from another.

    Rows of nobody answer addresses that nobody has: they cost the same work and open nothing.
    """

    purpose: ClassVar[str]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True)
    email_key = models.CharField(max_length=254)
    mail_id = models.UUIDField(db_index=True)
    token_digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return str(self.id)


class BoundLink(MailedLink):
    """
    A link for the address and the password hash of the moment it was issued.

    After either has changed, an older link in an older mailbox opens nothing.
    """

    password_digest = models.BinaryField(max_length=32)

    class Meta(MailedLink.Meta):
        abstract = True


class PasswordLink(BoundLink):
    """A mailed link that sets a password once."""

    purpose = "password link binding"

    class Meta(BoundLink.Meta):
        db_table = "accounts_password_link"


class MagicLink(BoundLink):
    """A mailed link that signs somebody in once, without their password."""

    purpose = "magic link binding"

    class Meta(BoundLink.Meta):
        db_table = "accounts_magic_link"
        default_permissions = ()
