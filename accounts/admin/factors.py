"""The page on which staff remove the second factor of somebody who lost it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.timezone import localtime
from django.views import View

from accounts.admin.acts import refused
from accounts.asking import asked
from accounts.models import User
from accounts.services import administration, factor_resets, second_factors
from audit.parties import Target
from plinto.kernel.exceptions import PlintoAPIException


class ResetPage(View):
    """``/admin/accounts/user/<id>/reset-factors/``: asks why, because the trail will tell."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        person = _within_reach(request, person_id)
        context = {
            **admin.site.each_context(request),
            "title": "Reset second factor",
            "person": person,
            "factor": described(person),
            "longest": factor_resets.LONGEST_REASON,
        }
        return TemplateResponse(request, "admin/reset_factors.html", context)

    def post(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        person = _within_reach(request, person_id)
        try:
            factor_resets.reset(person.pk, why=request.POST.get("reason", ""), **asked(request))
        except PlintoAPIException as refusal:
            refused(request, refusal, target=Target("user", id=str(person.pk)))
        else:
            messages.success(request, f"{person.email} has no second factor any more.")
        return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[person.pk]))


def described(person: User) -> str:
    """Say what second factor a person has, and never what is secret in it."""
    found = second_factors.of(person.pk)
    told = [
        _lately(f"passkey \u201c{passkey.name}\u201d", passkey.created_at, passkey.last_used_at)
        for passkey in found.passkeys
    ]
    if found.app and found.app.confirmed_at:
        app = _lately("authenticator app", found.app.confirmed_at, found.app.last_used_at)
        told.insert(0, app)
    return "; ".join([*told, f"recovery codes left: {found.codes_left}"]) if told else "none"


def _lately(what: str, since: datetime, used: datetime | None) -> str:
    last = f", last used {localtime(used):%Y-%m-%d %H:%M}" if used else ""
    return f"{what} since {localtime(since):%Y-%m-%d}{last}"


def _within_reach(request: HttpRequest, person_id: UUID) -> User:
    by = asked(request)["by"]
    if not factor_resets.may_reset(by):
        raise PermissionDenied("lacks reset_factors")
    person = User.objects.filter(pk=person_id).first()
    if person is None:
        raise Http404
    if not administration.may_act_on(person, by=by):
        raise PermissionDenied("target is staff")
    return person
