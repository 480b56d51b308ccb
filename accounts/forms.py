"""Forms of the admin site: signing in, and what staff may write of a person."""

from __future__ import annotations

import json
import math
from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.forms.models import construct_instance
from django.utils import timezone
from rest_framework.exceptions import ValidationError as ForeignValidationError

from accounts.errors import TooManyAttempts
from accounts.models import User
from accounts.rules import addresses
from accounts.rules.one_time_codes import read_digits, read_recovery_code
from accounts.serializers.fields import LanguageTag, Name, TimeZone
from accounts.serializers.passkey_bodies import AssertionPart
from accounts.services import staff
from accounts.services.ceremonies import Assertion
from accounts.services.factor_codes import Answer
from plinto.kernel import origin
from plinto.kernel.exceptions import AuthorizationError
from plinto.kernel.serializers import Text


class SignInForm(AdminAuthenticationForm):
    """
    Address and password, under the limits of the API.

    The wait is told alike for every address, known or not; ``wait`` is in seconds.
    """

    error_messages = {
        **AdminAuthenticationForm.error_messages,
        "invalid_login": "Email or password is wrong, or the account is not for staff.",
    }
    wait = 0

    def clean(self) -> dict[str, Any]:
        try:
            return super().clean()
        except TooManyAttempts as refusal:
            self.wait = refusal.retry_after
            told = told_wait(self.wait)
            raise forms.ValidationError(told, code="too_many_attempts") from refusal

    def confirm_login_allowed(self, user: User) -> None:
        if self.request is None:
            raise self.get_invalid_login_error()
        try:
            staff.admit(user, origin=origin.of(self.request), now=timezone.now())
        except AuthorizationError as refusal:
            raise self.get_invalid_login_error() from refusal


class FactorForm(forms.Form):
    """One field for whatever the person has at hand; ``answer`` is what it was read as."""

    shown = forms.CharField(
        label="Code:",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True}),
    )
    # Filled by the script of the page, with what the browser spells in JSON.
    passkey = forms.CharField(required=False, max_length=32_768, widget=forms.HiddenInput)
    answer = Answer()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A passkey stands in for a code, but browsers want the code as long as nobody uses one.
        self.fields["shown"].required = not self.data.get("passkey")

    def clean_passkey(self) -> str:
        shown: str = self.cleaned_data["passkey"]
        if shown:
            self.answer = Answer(passkey=_read_passkey(shown))
        return shown

    def clean_shown(self) -> str:
        shown: str = self.cleaned_data["shown"]
        if not shown:
            return shown
        digits, recovery_code = read_digits(shown), read_recovery_code(shown)
        if digits is None and recovery_code is None:
            raise forms.ValidationError("Type six digits, or a recovery code.")
        self.answer = Answer(code=digits or "", recovery_code=recovery_code or "")
        return shown


class PersonForm(forms.ModelForm[User]):
    """What staff may write of a person; there is no password among it."""

    class Meta:
        model = User
        fields = (
            "email",
            "name",
            "locale",
            "timezone",
            "is_staff",
            "is_superuser",
            "groups",
            "user_permissions",
        )
        help_texts = {
            "is_staff": "May enter this site.",
            "is_superuser": "May do everything here, without any permission being assigned.",
            "groups": "",
            "user_permissions": "",
        }

    def clean_email(self) -> str:
        try:
            address = addresses.canonical(self.cleaned_data["email"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        others = User.objects.exclude(pk=self.instance.pk)
        if others.filter(email_key=address.key).exists():
            raise forms.ValidationError("There is an account under this address.")
        return address.email

    def clean_name(self) -> str:
        return _judged(Name(), self.cleaned_data["name"])

    def clean_locale(self) -> str:
        return _judged(LanguageTag(max_length=35, allow_blank=True), self.cleaned_data["locale"])

    def clean_timezone(self) -> str:
        return _judged(TimeZone(max_length=64, allow_blank=True), self.cleaned_data["timezone"])

    def _post_clean(self) -> None:
        # The row is the service's to judge and write; a half-read person would trip Model.clean.
        construct_instance(self, self.instance, self._meta.fields, self._meta.exclude)


def told_wait(seconds: int) -> str:
    """Say how long somebody has to wait who tried too often."""
    minutes = math.ceil(seconds / 60)
    unit = "minute" if minutes == 1 else "minutes"
    return f"Too many attempts. Wait {minutes} {unit}, then try again."


def _read_passkey(text: str) -> Assertion:
    try:
        assertion: Assertion = AssertionPart().run_validation(json.loads(text))
    except (ValueError, RecursionError, ForeignValidationError) as error:
        raise forms.ValidationError("The browser sent no passkey.") from error
    return assertion


def _judged(field: Text, text: str) -> str:
    """Apply the rule that the API applies to the same field."""
    try:
        return str(field.run_validation(text))
    except ForeignValidationError as error:
        raise forms.ValidationError([str(reason) for reason in error.get_full_details()]) from error
