"""What proves the trail: signed checkpoints, and where old rows were removed."""

from __future__ import annotations

from contextlib import suppress
from typing import TypeVar
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.records import RecordAdmin
from audit.models import Checkpoint, Truncation

Signed = TypeVar("Signed", Checkpoint, Truncation)


class SignedAdmin(RecordAdmin[Signed]):
    """Signed statements about one chain, found by its id."""

    # Only switches the box on; get_search_results decides what is matched.
    search_fields = ("id",)
    search_help_text = "The id of an organization, or zeros for the deployment's own chain."

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[Signed],
        search_term: str,
    ) -> tuple[QuerySet[Signed], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        with suppress(ValueError):
            return queryset.filter(chain=UUID(term)), False
        return queryset.none(), False

    @admin.display(description="signature")
    def signed(self, row: Signed) -> str:
        return bytes(row.signature).hex()


@admin.register(Checkpoint)
class CheckpointAdmin(SignedAdmin[Checkpoint]):
    """What was not sent elsewhere yet shows why."""

    list_display = ("chain", "number", "first", "last", "signed_at", "kid", "state", "last_error")
    fields = (*list_display[:-2], "head", "root", "before", "signed", "state", "last_error")
    readonly_fields = ("head", "root", "before", "signed")

    @admin.display(description="hash of the last row")
    def head(self, row: Checkpoint) -> str:
        return bytes(row.head_hash).hex()

    @admin.display(description="Merkle root")
    def root(self, row: Checkpoint) -> str:
        return bytes(row.merkle_root).hex()

    @admin.display(description="digest of the checkpoint before")
    def before(self, row: Checkpoint) -> str:
        return bytes(row.previous).hex()


@admin.register(Truncation)
class TruncationAdmin(SignedAdmin[Truncation]):
    """Rows up to ``through`` are gone because their time was over."""

    list_display = ("chain", "through", "checkpoint", "cut_at", "kid")
    fields = (*list_display, "head", "digest", "signed")
    readonly_fields = ("head", "digest", "signed")

    @admin.display(description="hash of the last row that was removed")
    def head(self, row: Truncation) -> str:
        return bytes(row.through_hash).hex()

    @admin.display(description="digest of the checkpoint over it")
    def digest(self, row: Truncation) -> str:
        return bytes(row.checkpoint_digest).hex()
