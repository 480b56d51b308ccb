"""Pages of one endpoint: a new secret, and sending once more what was given up."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms import DateTimeField, DateTimeInput, Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views import View

from accounts.admin.acts import refused
from accounts.asking import asked
from audit.parties import Target
from plinto.kernel.exceptions import PlintoAPIException
from webhooks.models import Endpoint
from webhooks.services import endpoint_rows, endpoint_staff
from webhooks.services.endpoint_rows import Issued


class SinceForm(Form):
    since = DateTimeField(
        widget=DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="In UTC. What there was to tell since then and was given up is sent once more.",
    )


class RotatePage(View):
    """``/admin/webhooks/endpoint/<id>/rotate-secret/``; the secret is in the answer alone."""

    def get(self, request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
        endpoint = _found(request, endpoint_id, is_allowed=asked(request)["by"].is_superuser)
        if endpoint.organization_id:
            raise PermissionDenied("endpoint of an organization")
        seen = endpoint_rows.secret_seen(endpoint.pk)
        return _page(request, "rotate_endpoint_secret", "Rotate secret", endpoint, seen=seen)

    def post(self, request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
        endpoint = _found(request, endpoint_id, is_allowed=asked(request)["by"].is_superuser)
        seen = request.POST.get("seen", "")
        try:
            issued = endpoint_staff.rotate(endpoint.pk, seen=seen, **asked(request))
        except PlintoAPIException as refusal:
            return _refused(request, refusal, endpoint)
        return secret_page(request, issued)


class RedeliverPage(View):
    """``/admin/webhooks/endpoint/<id>/redeliver/``: asks since when."""

    def get(self, request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
        return self._form(request, _redeliverable(request, endpoint_id), SinceForm())

    def post(self, request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
        endpoint, form = _redeliverable(request, endpoint_id), SinceForm(request.POST)
        if not form.is_valid():
            return self._form(request, endpoint, form)
        since: datetime = form.cleaned_data["since"]
        try:
            sent = endpoint_staff.redeliver_failed(endpoint.pk, since=since, **asked(request))
        except PlintoAPIException as refusal:
            return _refused(request, refusal, endpoint)
        more = " There are more: send again." if sent.has_more else ""
        messages.success(request, f"Deliveries that are sent once more: {sent.deliveries}.{more}")
        return HttpResponseRedirect(_address_of(endpoint))

    def _form(self, request: HttpRequest, endpoint: Endpoint, form: SinceForm) -> HttpResponse:
        return _page(request, "redeliver", "Send once more", endpoint, form=form)


def secret_page(request: HttpRequest, issued: Issued) -> HttpResponse:
    """Show a new secret, this once: it is in no message, cookie or session."""
    template, title = "endpoint_secret", "Secret of the endpoint"
    return _page(request, template, title, issued.endpoint, secret=issued.secret)


def _page(
    request: HttpRequest, template: str, title: str, endpoint: Endpoint, **shown: Any
) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": title,
        "endpoint": endpoint,
        "address": _address_of(endpoint),
        **shown,
    }
    return TemplateResponse(request, f"admin/{template}.html", context)


def _redeliverable(request: HttpRequest, endpoint_id: UUID) -> Endpoint:
    is_allowed = request.user.has_perm(endpoint_staff.PERMISSION)
    return _found(request, endpoint_id, is_allowed=is_allowed)


def _found(request: HttpRequest, endpoint_id: UUID, *, is_allowed: bool) -> Endpoint:
    if not is_allowed:
        raise PermissionDenied(f"may not {request.path}")
    found = Endpoint.objects.select_related("organization").filter(pk=endpoint_id).first()
    if found is None:
        raise Http404
    return found


def _refused(request: HttpRequest, refusal: PlintoAPIException, endpoint: Endpoint) -> HttpResponse:
    refused(request, refusal, target=Target("endpoint", id=str(endpoint.pk)))
    return HttpResponseRedirect(_address_of(endpoint))


def _address_of(endpoint: Endpoint) -> str:
    return reverse("admin:webhooks_endpoint_change", args=[endpoint.pk])
