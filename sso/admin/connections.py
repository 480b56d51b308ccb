"""Connections: set up in a form, tried, switched, and how long each will last."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts.admin.acts import ActingAdmin
from accounts.asking import asked
from audit.admin import PeriodFilter
from sso.admin import connection_pages
from sso.admin.connection_forms import ConnectionForm
from sso.models import Connection
from sso.services import certificates, connection_staff, expiry, presentation


class EndFilter(admin.SimpleListFilter):
    """How long the provider's certificates last."""

    title = "certificates"
    parameter_name = "ends"

    def lookups(self, _request: HttpRequest, _model_admin: object) -> list[tuple[str, str]]:
        within = [
            (str(days), f"End within {days} day{'s' * (days > 1)}") for days in expiry.HORIZONS
        ]
        return [("0", "Expired"), *reversed(within)]

    def queryset(
        self, _request: HttpRequest, queryset: QuerySet[Connection]
    ) -> QuerySet[Connection]:
        if self.value() not in {"0", *map(str, expiry.HORIZONS)}:
            return queryset
        end = timezone.now() + timedelta(days=int(self.value() or 0))
        return queryset.filter(saml__certificates_end_at__lte=end)


class RefreshFilter(admin.SimpleListFilter):
    """Whether asking the provider works."""

    title = "metadata"
    parameter_name = "metadata"

    def lookups(self, _request: HttpRequest, _model_admin: object) -> list[tuple[str, str]]:
        return [("failing", "Failing")]

    def queryset(
        self, _request: HttpRequest, queryset: QuerySet[Connection]
    ) -> QuerySet[Connection]:
        is_failing = self.value() == "failing"
        return queryset.filter(refresh__failing_since__isnull=False) if is_failing else queryset


@admin.register(Connection)
class ConnectionAdmin(ActingAdmin[Connection]):
    """Staff may look; superusers act. Sealed secrets are not even read."""

    target_kind = "connection"
    form = ConnectionForm
    change_form_template = "admin/sso/connection_form.html"
    list_display = (
        *("name", "organization", "protocol", "preset", "is_enabled"),
        *("certificates", "metadata", "last_used_at"),
    )
    list_filter = ("protocol", "is_enabled", EndFilter, RefreshFilter, PeriodFilter)
    lookups = ("organization__id__exact",)
    search_fields = ("slug__startswith", "organization__slug__startswith")
    search_help_text = "The beginning of a connection's slug, or of its organization's."
    autocomplete_fields = ("organization",)
    actions: Any = None

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(connection_pages.ActPage.as_view())
        acts = [
            path(f"<uuid:connection_id>/{act}/", page, {"act": act}, name=f"sso_connection_{act}")
            for act in connection_pages.ACTS
        ]
        return [*acts, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        rows = super().get_queryset(request)
        joined = rows.select_related("organization", "saml", "oidc", "refresh", "default_role")
        return joined.defer("oidc__client_secret", "saml__metadata_xml")

    def get_fieldsets(self, request: HttpRequest, obj: Connection | None = None) -> Any:  # noqa: ARG002
        who = ("redirect_uris", "creates_accounts", "role_name", "attributes")
        finer = ("max_age", "clock_skew")
        saml = ("metadata_url", "metadata_file", "metadata_xml")
        saml_finer = (
            *("metadata_signer", "subject_attribute"),
            *("allows_unsolicited", "wants_encrypted"),
        )
        oidc: tuple[str, ...] = ("client_id", "client_secret", "scope")
        if obj is None:
            first = ("organization", "name", "slug", "protocol", "preset")
            return [
                (None, {"fields": first}),
                ("SAML: what the provider says of itself", {"fields": saml}),
                ("OpenID Connect: what the provider gave", {"fields": ("issuer", *oidc)}),
                ("Who comes in", {"fields": who}),
                ("Finer points", {"fields": (*finer, *saml_finer), "classes": ["collapse"]}),
            ]
        is_saml = obj.protocol == Connection.Protocol.SAML
        state = ("id", "organization", "slug", "protocol", "is_enabled", "facts")
        return [
            (None, {"fields": ("name", "preset", *state)}),
            ("What the provider says of itself", {"fields": saml if is_saml else oidc}),
            ("Who comes in", {"fields": who}),
            ("Finer points", {"fields": (*finer, *(saml_finer if is_saml else ()))}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Connection | None = None) -> Any:  # noqa: ARG002
        if obj is None:
            return ()
        return ("id", "organization", "slug", "protocol", "is_enabled", "facts")

    def get_form(
        self,
        request: HttpRequest,
        obj: Connection | None = None,
        change: Any = False,  # noqa: FBT002 - Django's
        **options: Any,
    ) -> Any:
        form = super().get_form(request, obj, change, **options)
        return type("Form", (form,), {"said": getattr(request, "plinto_said", None)})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method == "POST" and self.has_add_permission(request):
            # Before Django opens the transaction of the form: a server outside is asked.
            request.plinto_said = connection_pages.fetched(request, object_id)  # type: ignore[attr-defined]
        return super().changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,  # noqa: FBT001, FBT002 - Django's
        change: bool = False,  # noqa: FBT001, FBT002
        form_url: str = "",
        obj: Connection | None = None,
    ) -> HttpResponse:
        context |= {
            "presets": presentation.PRESETS,
            "pasted": presentation.pasted(obj) if obj else [],
            "steps": presentation.steps(obj) if obj else [],
            "may_act": self.has_add_permission(request),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    @admin.display(description="certificates", ordering=F("saml__certificates_end_at"))
    def certificates(self, connection: Connection) -> str:
        if connection.protocol != Connection.Protocol.SAML:
            return "by its keys"
        return expiry.told(connection.saml.certificates_end_at, now=timezone.now())

    @admin.display(description="metadata")
    def metadata(self, connection: Connection) -> str:
        return presentation.metadata_state(connection)

    @admin.display(description="what is trusted")
    def facts(self, connection: Connection) -> SafeString:
        """Who vouches, by which certificates, and how asking for them goes."""
        now = timezone.now()
        lines = [presentation.metadata_state(connection), *presentation.warnings(connection, now)]
        if connection.protocol == Connection.Protocol.SAML:
            lines.insert(0, f"Provider {connection.saml.entity_id}")
            for each in map(certificates.described, connection.saml.certificates):
                left = expiry.told(each.expires_at, now=now)
                lines.append(f"Certificate {each.subject}: {left}. {each.sha256_fingerprint}")
        else:
            lines.insert(0, f"Provider {connection.oidc.issuer}")
        return format_html_join("", "<div>{}</div>", ((line,) for line in lines))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return asked(request)["by"].is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return asked(request)["by"].is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        # Django would delete all that hangs on it in one transaction; there is a page for that.
        return False

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: Any) -> None:
        if change:
            connection_staff.change(obj.pk, fields=form.wanted, **asked(request))
        else:
            made = connection_staff.create(
                obj.organization_id, obj.protocol, fields=form.wanted, **asked(request)
            )
            obj.pk, obj.slug = made.pk, made.slug

    def response_add(
        self,
        request: HttpRequest,
        obj: Connection,
        post_url_continue: str | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        return connection_pages.made(request, obj)
