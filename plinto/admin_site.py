"""The admin site: signing in under the limits of the API, and a record of what is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeVar, cast

import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse

from accounts import controls
from accounts.asking import asked, session_of
from accounts.forms import SignInForm
from accounts.services import administration, second_factors, sessions, staff
from plinto import operations
from plinto.admin_door import FactorPage, PasswordPage
from plinto.kernel.exceptions import AuthorizationError
from plinto.own_factor_page import OwnFactorPage
from plinto.resilience_page import ResiliencePage
from resilience.contract import enforces
from resilience.throttling import meter_of

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


@enforces(controls.STAFF_SESSIONS)
class PlintoAdminSite(AdminSite):
    """Django's site without its own password page, its own log and its unlimited sign-in."""

    site_header = site_title = "Plinto"
    index_title = "Administration"
    site_url = None

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        context = {
            **self.each_context(request),
            "title": "Log in",
            "subtitle": None,
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
            **(extra_context or {}),
        }
        if "next" not in request.GET and "next" not in request.POST:
            context["next"] = reverse("admin:index")
        request.current_app = self.name
        page = PasswordPage.as_view(
            extra_context=context, authentication_form=SignInForm, template_name="admin/login.html"
        )
        return cast("HttpResponse", page(request))

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        if request.method == "POST":
            who, session_id = asked(request), session_of(request)
            if session_id:
                staff.leave(who["by"], session_id, origin=who["origin"], now=who["now"])
        return super().logout(request, extra_context)

    def has_permission(self, request: HttpRequest) -> bool:
        """Let staff in whose session goes on; one that was ended is refused at once."""
        if not super().has_permission(request):
            return False
        if not hasattr(request, "is_session_live"):
            session_id, who = session_of(request), asked(request)
            request.is_session_live = session_id is not None and sessions.is_live(  # type: ignore[attr-defined]
                session_id, user_id=who["by"].pk, now=who["now"]
            )
        return bool(request.is_session_live)  # type: ignore[attr-defined]

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # noqa: FBT001, FBT002
        """Record what a page refuses; the page's own transaction is over by then."""

        def recording(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            who = asked(request)
            structlog.contextvars.bind_contextvars(user_id=str(who["by"].pk))
            meter_of(request).count("account", who["by"].pk)
            try:
                if self._lacks_factor(request):
                    return self._factor_wanted(request)
                return view(request, *args, **kwargs)
            except (PermissionDenied, AuthorizationError):
                reason = f"{request.method} {request.path}"
                staff.refuse(**who, reason=reason)
                raise

        return super().admin_view(cast("View", update_wrapper(recording, view)), cacheable)

    def _lacks_factor(self, request: HttpRequest) -> bool:
        match, session_id = request.resolver_match, session_of(request)
        is_open = match is not None and match.url_name in {"own_factor", "logout"}
        if is_open or not settings.ADMIN_REQUIRES_MFA:
            return False
        return session_id is None or not staff.has_proved_factor(asked(request)["by"], session_id)

    def _factor_wanted(self, request: HttpRequest) -> TemplateResponse:
        who = asked(request)
        staff.refuse(**who, reason="second factor wanted")
        context = {
            **self.each_context(request),
            "title": "A second factor is wanted",
            "factors": second_factors.of(who["by"].pk),
            # Neither the side bar nor the links of the head lead anywhere from here.
            "has_permission": False,
            "is_nav_sidebar_enabled": False,
        }
        return TemplateResponse(request, "admin/factor_wanted.html", context, status=403)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        page = self.admin_view(ResiliencePage.as_view())
        return [
            path("resilience/", page, name="resilience"),
            path("second-factor/", FactorPage.as_view(), name="second_factor"),
            path("second-factor/own/", self.admin_view(OwnFactorPage.as_view()), name="own_factor"),
            *super().get_urls(),
        ]

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[dict[str, Any]]:
        """List the Resilience page with the apps, on the index and in the side bar."""
        listed: list[dict[str, Any]] = list(super().get_app_list(request, app_label))
        if app_label is None and request.user.has_perm(operations.VIEW):
            address = reverse("admin:resilience")
            page = {
                "name": "Processes and circuit breakers",
                "object_name": "ResiliencePage",
                "admin_url": address,
                "view_only": True,
            }
            listed.append(
                {
                    "name": "Resilience",
                    "app_label": "resilience",
                    "app_url": address,
                    "models": [page],
                }
            )
        return listed

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """
        Mail the person a link to set their password.

        Django's page judges, hashes and records passwords by none of Plinto's rules, and leaves
        the person's sessions alive.
        """
        who = asked(request)
        if request.method == "POST":
            administration.mail_link(who["by"].pk, **who)
            messages.success(request, f"A link to set your password goes to {who['by'].email}.")
            return HttpResponseRedirect(reverse("admin:index"))
        context = {
            **self.each_context(request),
            "title": "Change password",
            "address": who["by"].email,
            **(extra_context or {}),
        }
        request.current_app = self.name
        return TemplateResponse(request, "admin/password_link.html", context)

    def password_change_done(  # type: ignore[override]
        self,
        request: HttpRequest,  # noqa: ARG002
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:index"))

    def get_log_entries(self, request: HttpRequest) -> QuerySet[LogEntry]:  # noqa: ARG002
        # Nothing is written there: the audit trail is the one history.
        return LogEntry.objects.none()
