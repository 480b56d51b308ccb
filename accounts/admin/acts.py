"""Pages on which staff act: the service decides, and a refusal is shown where it was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.db.models.fields.related import RelatedField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from accounts.admin.records import Row, TrailedAdmin
from accounts.asking import asked
from accounts.services import staff
from audit.parties import Target
from plinto.kernel.exceptions import PlintoAPIException, ValidationError
from resilience.retrying import after_conflicts


def refused(request: HttpRequest, refusal: PlintoAPIException, *, target: Target) -> None:
    """Show and record a refusal; call it outside the transaction that was refused."""
    staff.refuse(**asked(request), reason=refusal.reason or refusal.error_code, target=target)
    messages.error(request, _told(refusal))


def _told(refusal: PlintoAPIException) -> str:
    if not isinstance(refusal, ValidationError):
        return refusal.message
    fields: dict[str, list[str]] = refusal.details.get("fields", {})
    return " ".join(reason for reasons in fields.values() for reason in reasons)


class ActingAdmin(TrailedAdmin[Row]):
    """A form whose saving is an act of a service, in one transaction with its audit row."""

    target_kind: str

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            # Django opens the transaction of a form, so only the whole of it can be tried again.
            view = after_conflicts(super().changeform_view)
            return view(request, object_id, form_url, extra_context)
        except PlintoAPIException as refusal:
            if request.method != "POST":
                raise
            # Django's transaction has been rolled back by now, so the record of this stays.
            refused(request, refusal, target=Target(self.target_kind, id=object_id or ""))
            return HttpResponseRedirect(request.get_full_path())

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Write nothing more: the service has written the relations with the rest."""

    def get_field_queryset(
        self, db: str | None, db_field: RelatedField[Any, Any], request: HttpRequest
    ) -> QuerySet[Any] | None:
        if db_field.related_model is Permission:
            # Each permission shows its content type: without this, a query for every choice.
            return Permission.objects.select_related("content_type")
        return super().get_field_queryset(db, db_field, request)

    def for_each(
        self, request: HttpRequest, act: Callable[..., int], *, chosen: QuerySet[Any], done: str
    ) -> None:
        """Do ``act`` to each chosen row, each for itself, and tell how many it changed."""
        keys: list[UUID] = list(chosen.values_list("pk", flat=True))
        changed = 0
        for key in keys:
            try:
                changed += int(act(key, **asked(request)))
            except PlintoAPIException as refusal:
                refused(request, refusal, target=Target(self.target_kind, id=str(key)))
        self.message_user(request, f"{done}: {changed}.")
