"""Pages of one connection: trying it, turning it on and off, and deleting it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views import View

from accounts.admin.acts import refused
from accounts.asking import asked
from plinto.kernel.exceptions import PlintoAPIException, SSOMetadataError
from sso.models import Connection
from sso.services import connection_rows, connection_staff, saml_metadata
from sso.services.certificates import read

# What each act is called, what it does, and what is told once it is done.
ACTS = {
    "test": (
        "Test connection",
        "A sign-in is walked through to the provider and back, each check is explained in plain "
        "words, and nobody is signed in.",
        "",
    ),
    "enable": ("Turn on", "People of the organization may come in by it.", "The connection is on."),
    "disable": (
        "Turn off",
        "Nobody comes in by it, and whoever did is signed out now. People stay known, for when it "
        "is turned on again.",
        "The connection is off.",
    ),
    "remove": (
        "Delete",
        "Nobody comes in by it any more, whoever did is signed out now, and nobody stays known by "
        "it. The slug may be taken by another connection. This cannot be undone.",
        "The connection is deleted.",
    ),
}


class ActPage(View):
    """``/admin/sso/connection/<id>/<act>/``: says what it will do, and does it."""

    def get(self, request: HttpRequest, connection_id: UUID, act: str) -> HttpResponse:
        return _page(request, _found(request, connection_id), act)

    def post(self, request: HttpRequest, connection_id: UUID, act: str) -> HttpResponse:
        connection = _found(request, connection_id)
        try:
            test_url = _do(act, connection, **asked(request))
        except PlintoAPIException as refusal:
            refused(request, refusal, target=connection_rows.target_of(connection))
            return HttpResponseRedirect(_address_of(connection))
        if test_url:
            return _page(request, connection, act, test_url=test_url)
        messages.success(request, ACTS[act][2])
        is_gone = act == "remove"
        where = reverse("admin:sso_connection_changelist") if is_gone else _address_of(connection)
        return HttpResponseRedirect(where)


def made(request: HttpRequest, connection: Connection) -> HttpResponse:
    """Lead to what is to be pasted at the provider."""
    told = "The connection is there. Paste what stands below at the provider, then test it."
    messages.success(request, told)
    return HttpResponseRedirect(_address_of(connection))


def fetched(
    request: HttpRequest, object_id: str | None
) -> dict[str, Any] | SSOMetadataError | None:
    """Fetch what the metadata at an address say, if the form names one that is not kept."""
    url = request.POST.get("metadata_url", "").strip()
    kept = _kept(object_id)
    if not url or (kept is not None and kept.saml.metadata_url == url):
        return None
    try:
        signer = read(request.POST["metadata_signer"])
    except (KeyError, ValueError):
        signer = ""  # the form says what is wrong with it
    provider = kept.slug if kept else "new"
    try:
        return saml_metadata.columns(
            saml_metadata.fetched(url, provider=provider),
            signer=signer,
            entity_id=kept.saml.entity_id if kept else None,
            provider=provider,
            now=timezone.now(),
        )
    except SSOMetadataError as refusal:
        return refusal


def _do(act: str, connection: Connection, **by: Any) -> str:
    if act == "test":
        return connection_staff.test(connection.pk, **by)
    if act == "enable":
        connection_staff.switch(connection.pk, is_enabled=True, **by)
    elif act == "disable":
        connection_staff.end(connection.pk, **by)
    else:
        connection_staff.delete(connection.pk, **by)
    return ""


def _kept(object_id: str | None) -> Connection | None:
    try:
        found = connection_rows.by_key(UUID(object_id)) if object_id else None
    except ValueError:
        return None
    is_saml = found is not None and found.protocol == Connection.Protocol.SAML
    return found if is_saml else None


def _found(request: HttpRequest, connection_id: UUID) -> Connection:
    if not asked(request)["by"].is_superuser:
        raise PermissionDenied(f"may not {request.path}")
    found = connection_rows.by_key(connection_id)
    if found is None:
        raise Http404
    return found


def _page(
    request: HttpRequest, connection: Connection, act: str, *, test_url: str = ""
) -> HttpResponse:
    title, what, _ = ACTS[act]
    context = {
        **admin.site.each_context(request),
        "title": title,
        "what": what,
        "connection": connection,
        "address": _address_of(connection),
        "test_url": test_url,
    }
    return TemplateResponse(request, "admin/sso/connection_act.html", context)


def _address_of(connection: Connection) -> str:
    return reverse("admin:sso_connection_change", args=[connection.pk])
