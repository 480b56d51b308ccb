"""The trail: read, searched, filtered and proved, for nobody to change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from accounts.admin import searching
from accounts.admin.records import RecordAdmin
from accounts.models import Session
from audit.admin import ActionFilter, PeriodFilter
from audit.chain import SYSTEM_CHAIN
from audit.errors import NotSignedYet, TrailDamaged
from audit.models import AuditRow, Checkpoint
from audit.services import personal, proof_states, proofs
from audit.services.personal import PersonalKeys
from plinto.kernel import services


def prepared(rows: Iterable[AuditRow]) -> list[AuditRow]:
    """Open rows, and find the checkpoint of each, with one look-up for all of either."""
    rows = list(rows)
    told, signed = personal.opened(rows), proof_states.checkpoints(rows)
    for row in rows:
        row.told = told[row.pk]  # type: ignore[attr-defined]
        row.checkpoint = signed.get(row.pk)  # type: ignore[attr-defined]
    return rows


def _personal(name: str, title: str) -> Callable[[object, AuditRow], str]:
    @admin.display(description=title)
    def column(_admin: object, row: AuditRow) -> str:
        return str(getattr(row.told, name))  # type: ignore[attr-defined]

    return column


def _checkpoint(row: AuditRow) -> Checkpoint | None:
    found: Checkpoint | None = row.checkpoint  # type: ignore[attr-defined]
    return found


def checked(row: AuditRow) -> tuple[int, str]:
    """Prove a row from what is in the database; return how grave it is and what to think of it."""
    try:
        proof = proofs.prove(row.organization_id, row.pk)
    except NotSignedYet:
        return messages.WARNING, (
            "This row is not signed yet. If it is older than a few seconds, see whether a worker "
            "runs the queue sealing."
        )
    except TrailDamaged as damage:
        return messages.ERROR, (
            f"This row does not stand as it was signed: {damage.reason}. Somebody changed the "
            "database behind Plinto's back. Keep a copy of it, and run manage.py verify_audit."
        )
    signed = proof["checkpoint"]["statement"]
    return messages.SUCCESS, (
        f"This row stands as it was signed: row {row.sequence} of its chain, in checkpoint "
        f"{signed['number']}, signed at {signed['signed_at']} with the key {signed['kid']}. "
        "Compare that key with a copy that is kept elsewhere."
    )


class PreparedList(ChangeList):
    """A page of the trail, whose rows are prepared together."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = prepared(self.result_list)


@admin.register(AuditRow)
class TrailAdmin(RecordAdmin[AuditRow]):
    """Superusers included, nobody adds, changes or deletes."""

    list_display = (
        *("occurred_at", "action", "outcome", "proof", "reason", "who", "what", "address"),
    )
    list_filter = ("outcome", ActionFilter, PeriodFilter)
    # Only switches the box on; get_search_results decides what is matched.
    search_fields = ("id",)
    search_help_text = "Exact: an id, a request id, or an address as it was."

    readonly_fields = (
        *("who", "what", "address", "agent", "changed"),
        *("proof", "in_chain", "sealed_as", "follows", "signed_in"),
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    *("id", "occurred_at", "action", "outcome", "reason"),
                    *("who", "actor_kind", "actor_id", "what", "target_kind", "target_id"),
                    *("changed", "address", "agent"),
                    *("organization_id", "session_id", "request_id"),
                )
            },
        ),
        (
            "Proof",
            {
                "fields": (
                    *("proof", "in_chain", "sequence", "sealed_at"),
                    *("sealed_as", "follows", "signed_in"),
                )
            },
        ),
    )

    who = _personal("actor_label", "actor")
    what = _personal("target_label", "target")
    address = _personal("address", "address")
    agent = _personal("agent", "agent")

    @admin.display(description="proof")
    def proof(self, row: AuditRow) -> str:
        if row.sealed_hash is None:
            return "not sealed yet"
        found = _checkpoint(row)
        return f"signed ({found.number})" if found else "sealed, not signed yet"

    @admin.display(description="chain")
    def in_chain(self, row: AuditRow) -> str:
        return "the deployment's own" if row.chain == SYSTEM_CHAIN else str(row.chain or "")

    @admin.display(description="hash")
    def sealed_as(self, row: AuditRow) -> str:
        return bytes(row.sealed_hash or b"").hex()

    @admin.display(description="hash of the row before it")
    def follows(self, row: AuditRow) -> str:
        return bytes(row.previous_hash or b"").hex()

    @admin.display(description="checkpoint")
    def signed_in(self, row: AuditRow) -> str:
        found = _checkpoint(row)
        if found is None:
            return ""
        rows = f"rows {found.first} to {found.last}"
        return f"{found.number}: {rows}, signed at {found.signed_at.isoformat()} by {found.kid}"

    @admin.display(description="changes")
    def changed(self, row: AuditRow) -> str:
        return json.dumps(row.told.changes, ensure_ascii=False)  # type: ignore[attr-defined]

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.check_view)
        own = path("<path:object_id>/check/", page, name="audit_auditrow_check")
        return [own, *super().get_urls()]

    def check_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """
        Prove a row as an auditor does, and say in plain words how that went.

        :raises PermissionDenied: who may not see the trail may not ask about it
        """
        if not self.has_view_permission(request):
            raise PermissionDenied("may not see the trail")
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404("no such row")
        level, told = checked(row)
        self.message_user(request, told, level)
        return HttpResponseRedirect(reverse("admin:audit_auditrow_change", args=[row.pk]))

    def prepared(self, rows: Iterable[AuditRow]) -> list[AuditRow]:
        return prepared(rows)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> AuditRow | None:
        row = super().get_object(request, object_id, from_field)
        return prepared([row])[0] if row else None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ARG002
        return PreparedList

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[AuditRow],
        search_term: str,
    ) -> tuple[QuerySet[AuditRow], bool]:
        term = search_term.strip().replace("\x00", "")
        if not term:
            return queryset, False
        wanted = [Q(actor_id=term), Q(target_id=term), Q(request_id=term)]
        if people := services.get(PersonalKeys).named(term):
            wanted += [Q(actor_id__in=people), Q(target_id__in=people)]
        with suppress(ValueError):
            key = UUID(term)
            wanted += [Q(id=key), Q(organization_id=key)]
            # An index of sessions would cost every act; whose a session is finds its rows too.
            whose = Session.objects.filter(pk=key).values_list("user_id", flat=True)
            wanted += [Q(session_id=key, actor_id=str(person)) for person in whose]
        return searching.found(queryset, *wanted), False
