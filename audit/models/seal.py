"""How far each chain is sealed and signed, with which keys, and where it begins by now."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import BooleanField, ExpressionWrapper, F, Q

from audit import signatures
from audit.chain import Statement
from plinto.kernel.ids import uuid7
from resilience.leases import LeasedRow


class ChainHead(models.Model):
    """
    The end of one chain; whoever seals holds this row.

    The id is the organization's, or ``chain.SYSTEM_CHAIN``. It is a convenience: the truth is in
    the rows and in the checkpoints, and a head that disagrees with them is an alarm.
    """

    chain = models.UUIDField(primary_key=True)
    sequence = models.BigIntegerField(default=0)
    head_hash = models.BinaryField(max_length=32)
    signed_sequence = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField()

    class Meta:
        db_table = "audit_chain_head"
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["chain"],
                condition=Q(sequence__gt=F("signed_sequence")),
                name="audit_chain_head_unsigned",
            )
        ]

    def __str__(self) -> str:
        return f"{self.chain} at {self.sequence}"


class CheckpointKey(models.Model):
    """
    An Ed25519 key that signs checkpoints, its private half sealed; the public one is kept for ever.

    The youngest key that is not retired signs. A retired key still verifies what it signed.
    """

    kid = models.CharField(primary_key=True, max_length=16)
    public = models.BinaryField(max_length=32)
    sealed_private = models.BinaryField()
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "audit_checkpoint_key"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                ExpressionWrapper(Q(retired_at__isnull=True), output_field=BooleanField()),
                condition=Q(retired_at__isnull=True),
                name="audit_checkpoint_key_one_signs",
            )
        ]

    def __str__(self) -> str:
        return self.kid


class Checkpoint(LeasedRow):
    """
    A signed statement over a batch of consecutive rows (``chain.Statement``).

    The columns of a lease are those of sending it elsewhere, where this deployment does;
    ``filed_at`` is when its line stood in the file.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    chain = models.UUIDField()
    number = models.BigIntegerField()
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    head_hash = models.BinaryField(max_length=32)
    merkle_root = models.BinaryField(max_length=32)
    previous = models.BinaryField(max_length=32)
    signed_at = models.DateTimeField()
    kid = models.CharField(max_length=16)
    signature = models.BinaryField(max_length=64)
    filed_at = models.DateTimeField(null=True)

    class Meta(LeasedRow.Meta):
        db_table = "audit_checkpoint"
        default_permissions = ("view",)
        ordering = ("chain", "number")
        constraints = [
            models.UniqueConstraint(fields=["chain", "number"], name="audit_checkpoint_number"),
            models.UniqueConstraint(fields=["chain", "last"], name="audit_checkpoint_last"),
        ]
        # For what is old enough to go.
        indexes = [
            *LeasedRow.Meta.indexes,
            models.Index(fields=["chain", "signed_at"], name="audit_checkpoint_signed"),
        ]

    def __str__(self) -> str:
        return f"{self.chain} {self.first}-{self.last}"

    def statement(self) -> Statement:
        """Return what is signed."""
        return Statement(
            chain=self.chain,
            number=self.number,
            first=self.first,
            last=self.last,
            head_hash=bytes(self.head_hash),
            merkle_root=bytes(self.merkle_root),
            previous=bytes(self.previous),
            signed_at=self.signed_at,
            kid=self.kid,
        )

    def told(self) -> dict[str, Any]:
        """Return statement and signature as JSON, as they are proved with and sent elsewhere."""
        return signatures.told(self.statement(), bytes(self.signature))


class Truncation(models.Model):
    """A signed statement that old rows were removed (``chain.Cut``); only below it may rows go."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    chain = models.UUIDField()
    through = models.BigIntegerField()
    through_hash = models.BinaryField(max_length=32)
    checkpoint = models.BigIntegerField()
    checkpoint_digest = models.BinaryField(max_length=32)
    cut_at = models.DateTimeField()
    kid = models.CharField(max_length=16)
    signature = models.BinaryField(max_length=64)

    class Meta:
        db_table = "audit_truncation"
        default_permissions = ("view",)
        ordering = ("chain", "through")
        constraints = [
            models.UniqueConstraint(fields=["chain", "through"], name="audit_truncation_once")
        ]

    def __str__(self) -> str:
        return f"{self.chain} through {self.through}"
