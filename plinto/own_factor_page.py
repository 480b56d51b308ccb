"""The page of the admin site on which staff add, renew and remove their own second factor."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views import View

from accounts.asking import asked, session_of
from accounts.errors import SessionEnded
from accounts.rules.one_time_codes import read_digits
from accounts.serializers.factor_answers import qr_svg
from accounts.services import second_factors, staff
from accounts.services.standing import Standing
from plinto.kernel.exceptions import MalformedRequestError, PlintoAPIException

Shown = Mapping[str, Any]


class OwnFactorPage(View):
    """``/admin/second-factor/own/``; what is shown once is in the answer to a form, never kept."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, {})

    def post(self, request: HttpRequest) -> HttpResponse:
        act = _ACTS.get(request.POST.get("act", ""))
        if act is None:
            raise MalformedRequestError(reason="no such act")
        who = _standing(request)
        if not who.has_proved_lately(asked(request)["now"]):
            told = "Log out and in again first: this asks for a sign-in of the last ten minutes."
            messages.error(request, told)
            return HttpResponseRedirect(reverse("admin:own_factor"))
        try:
            return self._page(request, act(request, who))
        except PlintoAPIException as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(reverse("admin:own_factor"))

    def _page(self, request: HttpRequest, shown: Shown) -> HttpResponse:
        context = {
            **admin.site.each_context(request),
            "title": "Your second factor",
            "factors": second_factors.of(asked(request)["by"].pk),
            **shown,
        }
        return TemplateResponse(request, "admin/own_factor.html", context)


def _standing(request: HttpRequest) -> Standing:
    session_id = session_of(request)
    if session_id is None:
        raise SessionEnded(reason="no session")
    return staff.standing_of(asked(request)["by"], session_id)


def _begin(request: HttpRequest, who: Standing) -> Shown:
    asking = asked(request)
    begun = second_factors.begin(who, origin=asking["origin"], now=asking["now"])
    picture = b64encode(qr_svg(begun.uri).encode()).decode()
    return {"secret": begun.secret, "qr": f"data:image/svg+xml;base64,{picture}"}


def _confirm(request: HttpRequest, who: Standing) -> Shown:
    asking, code = asked(request), read_digits(request.POST.get("code", "")[:40])
    if code is None:
        raise MalformedRequestError("Type the six digits that the app shows.", reason="no code")
    codes = second_factors.confirm(who, code, origin=asking["origin"], now=asking["now"])
    return {"codes": codes}


def _renew(request: HttpRequest, who: Standing) -> Shown:
    asking = asked(request)
    codes = second_factors.renew(who, origin=asking["origin"], now=asking["now"])
    return {"codes": codes}


def _remove(request: HttpRequest, who: Standing) -> Shown:
    asking = asked(request)
    second_factors.remove(who, origin=asking["origin"], now=asking["now"])
    return {}


_ACTS: Mapping[str, Callable[[HttpRequest, Standing], Shown]] = {
    "begin": _begin,
    "confirm": _confirm,
    "renew": _renew,
    "remove": _remove,
}
