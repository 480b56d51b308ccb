"""The door of the admin site: the password on one page, the second factor on the next."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import login as begin_cookie_session
from django.contrib.auth.views import LoginView, RedirectURLMixin
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from accounts import controls
from accounts.asking import SESSION_KEY
from accounts.errors import InvalidCode, TooManyAttempts
from accounts.forms import FactorForm, SignInForm, told_wait
from accounts.models import User
from accounts.services import pending_sign_ins, staff
from accounts.services.pending_sign_ins import Awaiting
from plinto.kernel import origin
from resilience.contract import enforces

# Keeps the token of a sign-in whose second factor is awaited; nothing of it is in the database.
COOKIE = "plinto_second_factor"


@enforces(controls.STAFF_SESSIONS)
class PasswordPage(LoginView):
    """``/admin/login/``: nobody has a cookie's session before there is a row for it."""

    def form_valid(self, form: Any) -> HttpResponse:
        person, request = form.get_user(), self.request
        entered = staff.enter(person, origin=origin.of(request), now=timezone.now())
        if isinstance(entered, Awaiting):
            return self._ask(entered)
        return _let_in(request, person, entered, to=self.get_success_url())

    def form_invalid(self, form: Any) -> HttpResponse:
        wait = form.wait if isinstance(form, SignInForm) else 0
        return _with_wait(super().form_invalid(form), wait)

    def _ask(self, entered: Awaiting) -> HttpResponse:
        page = reverse("admin:second_factor")
        query = urlencode({self.redirect_field_name: self.get_success_url()})
        response = HttpResponseRedirect(f"{page}?{query}")
        response.set_cookie(
            COOKIE,
            entered.token,
            max_age=pending_sign_ins.LIVES_FOR,
            path=page,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Strict",
        )
        return response


@enforces(controls.STAFF_SESSIONS, controls.SECOND_FACTORS)
@method_decorator([sensitive_post_parameters(), csrf_protect, never_cache], name="dispatch")
class FactorPage(RedirectURLMixin, FormView[FactorForm]):
    """``/admin/second-factor/``: a code of the app, a passkey, or a recovery code."""

    form_class = FactorForm
    template_name = "admin/second_factor.html"

    def get_default_redirect_url(self) -> str:
        return reverse("admin:index")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.COOKIES.get(COOKIE):
            return HttpResponseRedirect(reverse("admin:login"))
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: FactorForm) -> HttpResponse:
        token, answer = self.request.COOKIES[COOKIE], form.answer
        try:
            person, opened = staff.enter_with_factor(
                token, answer, origin=origin.of(self.request), now=timezone.now()
            )
        except InvalidCode:
            return self._refused(form, "That was not it, or it came too late.")
        except TooManyAttempts as refusal:
            response = self._refused(form, told_wait(refusal.retry_after))
            return _with_wait(response, refusal.retry_after)
        response = _let_in(self.request, person, opened, to=self.get_success_url())
        response.delete_cookie(COOKIE, path=reverse("admin:second_factor"), samesite="Strict")
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = {
            **admin.site.each_context(self.request),
            "title": "Second factor",
            "next": self.get_success_url(),
            "passkey_options": staff.passkey_options(
                self.request.COOKIES[COOKIE], now=timezone.now()
            ),
        }
        return super().get_context_data(**{**context, **kwargs})

    def _refused(self, form: FactorForm, told: str) -> HttpResponse:
        form.add_error(None, forms.ValidationError(told))
        form.data = QueryDict()  # the next code is typed into an empty field
        return self.form_invalid(form)


def _let_in(request: HttpRequest, person: User, opened: UUID, *, to: str) -> HttpResponse:
    begin_cookie_session(request, person)
    request.session[SESSION_KEY] = str(opened)
    return HttpResponseRedirect(to)


def _with_wait(response: HttpResponse, seconds: int) -> HttpResponse:
    if seconds:
        response.status_code = 429
        response["Retry-After"] = str(seconds)
    return response
