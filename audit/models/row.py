"""The trail, one row per act; rows are added and read, never changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from audit.chain import moment, portable
from audit.parties import ActorKind, Outcome
from plinto.kernel.ids import uuid7


class AppendOnlyError(RuntimeError):
    """Code tried to change or remove a row of the trail."""


def _refused(name: str) -> Callable[..., NoReturn]:
    def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        raise AppendOnlyError(f"The audit trail has no {name}: rows are added and read.")

    return refuse


def _id(key: UUID | None) -> str | None:
    return str(key) if key else None


class AuditRows(models.QuerySet["AuditRow"]):
    """Reads and inserts; the one way to write afterwards is ``seal``."""

    update = delete = _raw_delete = _refused("update or delete")
    bulk_update = update_or_create = _refused("bulk_update or update_or_create")
    aupdate = adelete = abulk_update = aupdate_or_create = _refused("update or delete")

    def bulk_create(self, objs: Iterable[AuditRow], *args: Any, **kwargs: Any) -> list[AuditRow]:
        if args or kwargs.keys() - {"batch_size"}:
            raise AppendOnlyError("Rows of the audit trail are inserted, never merged.")
        return super().bulk_create(objs, **kwargs)

    def seal(
        self,
        *,
        chain: UUID,
        sequence: int,
        previous_hash: bytes,
        sealed_hash: bytes,
        sealed_at: datetime,
        **draft: Any,
    ) -> int:
        """
        Give a row its place in a chain, once; a sealed row is not sealed again.

        ``personal`` may be among the columns, if a draft stood in it.
        """
        return models.QuerySet.update(
            self.filter(sealed_hash__isnull=True),
            chain=chain,
            sequence=sequence,
            previous_hash=previous_hash,
            sealed_hash=sealed_hash,
            sealed_at=sealed_at,
            **draft,
        )


class AuditRow(models.Model):
    """
    One act or refusal.

    Ids and labels as they were, without foreign keys. ``personal`` (labels, address, agent) and
    ``changes`` are apart from the rest so that they can be encrypted per person and shredded
    while the chain still verifies. Until the row is sealed, its chain columns are empty and
    ``personal`` may be a draft (``audit.services.drafts``).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    occurred_at = models.DateTimeField()
    action = models.CharField(max_length=64)
    outcome = models.CharField(max_length=8, choices=[(o.value, o.value) for o in Outcome])
    reason = models.CharField(max_length=200, blank=True)
    actor_kind = models.CharField(max_length=16, choices=[(k.value, k.value) for k in ActorKind])
    actor_id = models.CharField(max_length=64, blank=True)
    target_kind = models.CharField(max_length=32)
    target_id = models.CharField(max_length=64, blank=True)
    organization_id = models.UUIDField(null=True)
    session_id = models.UUIDField(null=True)
    request_id = models.CharField(max_length=128, blank=True)
    personal = models.JSONField(default=dict)
    personal_key_id = models.UUIDField(null=True)
    changes = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    chain = models.UUIDField(null=True)
    sequence = models.BigIntegerField(null=True)
    previous_hash = models.BinaryField(null=True, max_length=32)
    sealed_hash = models.BinaryField(null=True, max_length=32)
    sealed_at = models.DateTimeField(null=True)

    objects = AuditRows.as_manager()

    class Meta:
        db_table = "audit_row"
        # Django's own machinery also goes through the refusing manager.
        base_manager_name = "objects"
        default_permissions = ("view",)
        ordering = ("-id",)
        verbose_name = "audit row"
        constraints = [
            models.UniqueConstraint(
                fields=["chain", "sequence"],
                condition=Q(chain__isnull=False),
                name="audit_row_one_place_in_chain",
            ),
            models.CheckConstraint(
                condition=Q(outcome="success") | (Q(outcome="refused") & ~Q(reason="")),
                name="audit_row_refusal_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(
                    chain__isnull=True,
                    sequence__isnull=True,
                    previous_hash__isnull=True,
                    sealed_hash__isnull=True,
                    sealed_at__isnull=True,
                )
                | Q(
                    chain__isnull=False,
                    sequence__isnull=False,
                    previous_hash__isnull=False,
                    sealed_hash__isnull=False,
                    sealed_at__isnull=False,
                ),
                name="audit_row_sealed_whole",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization_id", "-id"],
                condition=Q(organization_id__isnull=False),
                name="audit_row_organization",
            ),
            models.Index(
                fields=["actor_id", "-id"], condition=~Q(actor_id=""), name="audit_row_actor"
            ),
            models.Index(
                fields=["target_id", "-id"], condition=~Q(target_id=""), name="audit_row_target"
            ),
            models.Index(
                fields=["request_id"], condition=~Q(request_id=""), name="audit_row_request"
            ),
            models.Index(fields=["action", "-id"], name="audit_row_action"),
            models.Index(
                fields=["organization_id", "id"],
                condition=Q(sealed_hash__isnull=True),
                name="audit_row_unsealed",
            ),
            # What is common in the deployment may be rare in one organization.
            models.Index(
                fields=["organization_id", "action", "-id"],
                condition=Q(organization_id__isnull=False),
                name="audit_row_organization_action",
            ),
            models.Index(
                fields=["organization_id", "-id"],
                condition=Q(organization_id__isnull=False, outcome="refused"),
                name="audit_row_organization_refused",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} ({self.outcome})"

    def save(self, *_args: Any, using: str | None = None, **_kwargs: Any) -> None:
        """
        Insert the row; an id that exists already is an error, never an overwrite.

        :raises AppendOnlyError: the row came from the database
        """
        if not self._state.adding:
            raise AppendOnlyError("A row of the audit trail cannot be changed.")
        super().save(force_insert=True, using=using)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise AppendOnlyError("A row of the audit trail cannot be deleted.")

    def said(self) -> dict[str, Any]:
        """Return what the row says, as JSON: all of it but its place in a chain."""
        return {
            "id": str(self.id),
            "occurred_at": moment(self.occurred_at),
            "action": self.action,
            "outcome": self.outcome,
            "reason": self.reason,
            "actor_kind": self.actor_kind,
            "actor_id": self.actor_id,
            "target_kind": self.target_kind,
            "target_id": self.target_id,
            "organization_id": _id(self.organization_id),
            "session_id": _id(self.session_id),
            "request_id": self.request_id,
            "personal": portable(self.personal),
            "personal_key_id": _id(self.personal_key_id),
            "changes": portable(self.changes),
        }
