"""What waits for a person to prove something: a registration, and a mailbox."""

from __future__ import annotations

from django.db import models

from plinto.kernel.ids import uuid7


class Registration(models.Model):
    """
    A wish to have an account, which becomes a user only when the mailbox is proved.

    Strangers can register anybody's address, so several may wait side by side; whoever shows
    ``handle_digest``'s handle, or the password, is the client that made this one, and agreed to
    ``terms_version`` from ``terms_address``.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.CharField(max_length=254)
    email_key = models.CharField(max_length=254, db_index=True)
    name = models.CharField(max_length=200, blank=True)
    password = models.CharField(max_length=128)
    handle_digest = models.BinaryField(max_length=32, unique=True)
    terms_version = models.CharField(max_length=40, blank=True, db_default="")
    terms_address = models.CharField(max_length=45, blank=True, db_default="")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "accounts_registration"
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.id)


class MailboxProof(models.Model):
    """
    A link and a code sent to a mailbox; whoever shows either reads that mailbox.

    It belongs to the address and not to a registration: it proves a mailbox, nothing else.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.CharField(max_length=254)
    email_key = models.CharField(max_length=254, db_index=True)
    mail_id = models.UUIDField(db_index=True)
    token_digest = models.BinaryField(max_length=32, unique=True)
    code_digest = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "accounts_mailbox_proof"
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.id)
