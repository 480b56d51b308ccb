"""How lists of Plinto behave in Django admin, whatever is in them and however much."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db.models import Model
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.timezone import localdate

from accounts.admin import exports
from accounts.asking import asked
from accounts.services import list_exports
from audit.admin import NewestPages

Row = TypeVar("Row", bound=Model)


class TrailedAdmin(admin.ModelAdmin[Row]):
    """
    A list that costs the same with ten rows and ten million, and whose history is the trail.

    ``lookups`` names the filters an address may carry besides those of ``list_filter``.
    """

    lookups: ClassVar[tuple[str, ...]] = ()
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = NewestPages
    # Sorting by a column without an index reads the whole table.
    sortable_by: ClassVar[tuple[str, ...]] = ()
    ordering = ("-pk",)
    change_list_template = "admin/change_list_exported.html"

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.export_view)
        return [path("export/", page, name=_name_of_export(self.opts)), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """
        Answer the list as it is filtered, as CSV.

        :raises PermissionDenied: who may not see the list may not take it along
        """
        if not self.has_view_permission(request):
            raise PermissionDenied("may not see this list")
        try:
            rows = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters as error:
            raise SuspiciousOperation("filter") from error
        kind = str(self.opts.model_name)
        list_exports.note(kind, query=request.GET.urlencode(), **asked(request))
        answer = StreamingHttpResponse(
            exports.lines(rows, self._exported(request), self, prepared=self.prepared),
            content_type="text/csv; charset=utf-8; header=present",
        )
        answer["Content-Disposition"] = f'attachment; filename="{kind}-{localdate()}.csv"'
        return answer

    def prepared(self, rows: Iterable[Row]) -> list[Row]:
        """Add to the rows of a page, at once, what their columns tell besides."""
        return list(rows)

    def _exported(self, request: HttpRequest) -> list[str]:
        shown = [str(column) for column in self.get_list_display(request)]
        key = self.opts.pk.name
        return shown if key in shown else [key, *shown]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:  # noqa: ARG002
        # Django lets staff filter by every column, and ?password__startswith= spells out a hash.
        return lookup in self.lookups or lookup in {
            f"{chosen}__exact" if isinstance(chosen, str) else getattr(chosen, "parameter_name", "")
            for chosen in self.list_filter
        }

    def history_view(
        self,
        request: HttpRequest,  # noqa: ARG002
        object_id: str,
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Lead to the rows of the trail that name this object."""
        return HttpResponseRedirect(trail_of(unquote(object_id)))

    # Django's own log names people in rows that nobody would erase; the trail tells more.
    def log_addition(self, *_args: Any, **_kwargs: Any) -> LogEntry:
        return LogEntry()

    def log_change(self, *_args: Any, **_kwargs: Any) -> LogEntry:
        return LogEntry()

    def log_deletions(self, *_args: Any, **_kwargs: Any) -> list[LogEntry]:
        return []


class RecordAdmin(TrailedAdmin[Row]):
    """Rows to look at: superusers included, nobody adds, edits or deletes them here."""

    actions: Any = None

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:  # noqa: ARG002
        return False


def _name_of_export(opts: Any) -> str:
    return f"{opts.app_label}_{opts.model_name}_export"


def trail_of(object_id: str) -> str:
    """The address of the trail, cut to one id."""
    return f"{reverse('admin:audit_auditrow_changelist')}?{urlencode({'q': object_id})}"
